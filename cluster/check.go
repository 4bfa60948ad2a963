package cluster

import (
	"errors"
	"fmt"
	"time"
	"unicode/utf8"
)

// textBytesMax bounds each text that a registry keeps, in bytes.
const textBytesMax = 1024

// Check says what is wrong with a member whatever a registry holds; a registry refuses it.
func (m Member) Check() error {
	return errors.Join(CheckID(m.ID), checkText("name", m.Name), checkText("link", m.Link), checkText("URL", m.URL))
}

// CheckID says what is wrong with a member's ID.
func CheckID(id string) error {
	if id == "" {
		return errors.New("the node has no ID")
	}
	return checkText("ID", id)
}

// CheckLease says what is wrong with the time that a member asks for.
func CheckLease(lease time.Duration) error {
	if lease <= 0 {
		return fmt.Errorf("the lease is %v, want more", lease)
	}
	return nil
}

// CheckShard says whether there is such a shard; shards is how many there are.
func CheckShard(shard, shards int) error {
	if shard < 0 || shard >= shards {
		return fmt.Errorf("there is no shard %d: there are %d, numbered from 0", shard, shards)
	}
	return nil
}

// CheckName says what is wrong with the name of a node to which a shard is to be pinned.
func CheckName(name string) error { return checkText("name", name) }

func checkText(what, text string) error {
	switch {
	case len(text) > textBytesMax:
		return fmt.Errorf("the node's %s has %d bytes; %d are allowed", what, len(text), textBytesMax)
	case !utf8.ValidString(text):
		return fmt.Errorf("the node's %s is %q, which is not UTF-8", what, text)
	}
	return nil
}
