package crashtest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/plywire/plywire/wire"
)

const (
	lookEvery  = 2 * time.Millisecond   // between two looks at a metric
	againEvery = 100 * time.Millisecond // between two questions to a server that may be away
)

// getMax bounds one question: a server that is frozen keeps the connection and says nothing.
const getMax = 5 * time.Second

// get asks the server for what is at that path.
func (v *victim) get(ctx context.Context, path string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, getMax)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, v.url+path, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("GET %s: %s", path, response.Status)
	}
	return io.ReadAll(response.Body)
}

// events is the whole history of a game. It asks, one node after the other, until one answers or ctx ends.
func (f *fleet) events(ctx context.Context, game string) ([]wire.Message, error) {
	for asked := 0; ; asked++ {
		var list struct {
			Seq    uint64         `json:"seq"`
			Events []wire.Message `json:"events"`
		}
		body, err := f.nodes[asked%len(f.nodes)].get(ctx, "/v1/games/"+game+"/events?after=0")
		if err == nil {
			err = json.Unmarshal(body, &list)
		}
		if err == nil && list.Seq == uint64(len(list.Events)) {
			return list.Events, nil
		}
		if err == nil {
			err = fmt.Errorf("the server tells %d events of %d", len(list.Events), list.Seq)
		}
		if pause(ctx, againEvery) != nil {
			return nil, err
		}
	}
}

// awaitMore returns as soon as a counter has grown.
func (v *victim) awaitMore(ctx context.Context, metric string) error {
	first, err := v.counter(ctx, metric)
	for now := first; err == nil && now == first; now, err = v.counter(ctx, metric) {
		if err := pause(ctx, lookEvery); err != nil {
			return err
		}
	}
	return err
}

// counter reads one metric.
func (v *victim) counter(ctx context.Context, metric string) (float64, error) {
	body, err := v.get(ctx, "/metrics")
	if err != nil {
		return 0, err
	}
	for lines := bufio.NewScanner(bytes.NewReader(body)); lines.Scan(); {
		if value, is := bytes.CutPrefix(lines.Bytes(), []byte(metric+" ")); is {
			return strconv.ParseFloat(string(value), 64)
		}
	}
	return 0, fmt.Errorf("the server has no metric %s", metric)
}
