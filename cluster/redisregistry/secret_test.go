package redisregistry_test

import (
	"bytes"
	"testing"

	"github.com/plywire/plywire/cluster/redisregistry"
	"github.com/plywire/plywire/shard/redisstore/redistest"
)

func TestSecret(t *testing.T) {
	r := redistest.Start(t)
	client := redistest.Client(t, r.URL())
	first, err := redisregistry.Secret(t.Context(), client, "one")
	if err != nil {
		t.Fatal(err)
	}
	again, err := redisregistry.Secret(t.Context(), client, "one")
	if err != nil || !bytes.Equal(first, again) {
		t.Errorf("two nodes have two secrets: %v", err)
	}
	other, err := redisregistry.Secret(t.Context(), client, "two")
	if err != nil || bytes.Equal(first, other) || len(other) != 32 {
		t.Errorf("two clusters have one secret: %v", err)
	}
	if err := client.Set(t.Context(), "{three}:secret", "something else", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if _, err := redisregistry.Secret(t.Context(), client, "three"); err == nil {
		t.Error("anything is a secret")
	}
}
