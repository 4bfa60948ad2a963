package bench

import (
	"runtime"
	"time"
)

// Report is what was measured.
type Report struct {
	When    time.Time `json:"when"`
	Machine Machine   `json:"machine"`
	Config  Config    `json:"config"`
	Cost    []Cost    `json:"cost,omitempty"`
	Memory  []Memory  `json:"memory,omitempty"`
	Restart *Restart  `json:"restart,omitempty"`
	Watched *Watched  `json:"watched,omitempty"`
	Herd    *Herd     `json:"herd,omitempty"`
	Cluster *Cluster  `json:"cluster,omitempty"`
}

// Machine is where it was measured.
type Machine struct {
	OS   string `json:"os"`
	Arch string `json:"arch"`
	CPUs int    `json:"cpus"`
	Go   string `json:"go"`
}

func newReport(c Config) *Report {
	return &Report{When: time.Now().UTC().Truncate(time.Second), Config: c,
		Machine: Machine{runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version()}}
}
