// Package contract holds the published documents of the protocol, in the folder above, against the server: protocol.md,
// asyncapi.yaml and openapi.yaml. Scenes are played with a whole server in memory; every message in either direction has
// to be as the schemas say, and what a client sees is kept in testdata as transcripts. Run it with -update to write anew
// what is generated: the transcripts, and the schemas that openapi.yaml has from asyncapi.yaml.
//
// It must know the server by what clients can reach of it, and by the source of its lists of names.
package contract

import (
	"flag"
	"testing"

	"go.uber.org/goleak"
)

var update = flag.Bool("update", false, "write the transcripts and the copied schemas anew")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
