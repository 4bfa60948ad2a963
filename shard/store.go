package shard

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// ID names an actor. Which shard owns it follows from the ID alone: see Of.
type ID = uuid.UUID

// Epoch counts the changes of owner of one shard. It only grows, except that a store which lost its tail may give one out
// twice: that is why a Token is compared for equality.
type Epoch uint64

// Token is the right to write to one shard. A store accepts a batch only if the batch's token equals the shard's own:
// that refusal, and not any lease's clock, is what prevents two owners.
type Token struct {
	Epoch Epoch
	Owner uuid.UUID // drawn anew at every Acquire
}

// Entry is one event of one actor as the journal holds it. Position counts the entries of a shard from 1, without gaps. In a
// Batch it may be left 0; otherwise it has to be right.
type Entry struct {
	Position uint64
	Actor    ID
	Event    []byte
}

// Snapshot is an actor's state as of a position of the journal. The actor is what State says, with the events of Tail
// folded in after it, and then the actor's entries behind Position.
type Snapshot struct {
	Actor    ID
	Position uint64 // of the last entry that the snapshot covers, of whatever actor
	State    []byte // empty: the actor as it was before its first event
	Tail     [][]byte
	// Resident says that the actor must be in memory while the shard is served, because it waits for a deadline. Recover
	// returns the snapshots of resident actors; those of others are read by Load when a command comes for them.
	Resident bool
	// Expires is when the store may forget the actor, within a few minutes; zero for never. It must not while the journal
	// has entries of the actor, which would otherwise be applied to nothing.
	Expires time.Time
}

// BatchID names a batch, so that putting it to the store again does nothing. A store remembers that of a shard's last batch
// alone, which is enough, because a shard has one under way.
type BatchID = uuid.UUID

// Batch is what one turn of a shard makes durable: all of it, or nothing.
type Batch struct {
	Shard int
	Token Token
	ID    BatchID
	// Head is the position of the last entry that the owner knows to be in the journal. The first of Entries gets the
	// position after it.
	Head uint64
	// At is when the owner made the batch: the last sign of life that a later owner can rely on.
	At        time.Time
	Entries   []Entry
	Snapshots []Snapshot // each at the position of the batch's last entry at the most
	// Trim allows the store to forget the entries up to and including this position; 0 allows nothing.
	Trim uint64
}

// Check says what is wrong with a batch whatever the store holds; a store refuses such a batch. shards is how many there are.
func (b *Batch) Check(shards int) error {
	if b.Shard < 0 || b.Shard >= shards {
		return fmt.Errorf("its shard is %d; there are %d, numbered from 0", b.Shard, shards)
	}
	if b.ID == (BatchID{}) {
		return errors.New("it has no ID")
	}
	last := b.Head + uint64(len(b.Entries))
	for i := range b.Entries {
		if got, want := b.Entries[i].Position, b.Head+1+uint64(i); got != 0 && got != want {
			return fmt.Errorf("entry %d has position %d, want %d, or 0 to leave it to the store", i, got, want)
		}
	}
	for i := range b.Snapshots {
		if position := b.Snapshots[i].Position; position > last {
			return fmt.Errorf("the snapshot of %s is at %d, behind the last entry at %d", b.Snapshots[i].Actor, position, last)
		}
	}
	if b.Trim > last {
		return fmt.Errorf("it trims up to %d, behind the last entry at %d", b.Trim, last)
	}
	return nil
}

// Recovery is what the journal of one shard says to a new owner.
type Recovery struct {
	Head      uint64     // position of the last entry, 0 for none
	At        time.Time  // Batch.At of the last batch, zero for none
	Snapshots []Snapshot // of all actors that are resident or have entries, in no order
	Entries   []Entry    // all that were not trimmed, by position; some may be covered by the snapshots
}

// Store keeps the journals and snapshots of the shards. It is safe for concurrent use. Every store passes the conformance
// suite of package storetest.
type Store interface {
	// Shards is the number of shards, fixed when the store was created.
	Shards() int

	// Acquire makes the caller the owner of a shard and ends the right of whoever was. It blocks.
	Acquire(ctx context.Context, shard int) (Token, error)

	// Recover reads the shard as of its last batch. It fails with ErrFenced if token is not the shard's. It blocks.
	Recover(ctx context.Context, shard int, token Token) (Recovery, error)

	// Load reads the last snapshot of one actor, or fails with ErrNoSnapshot. It blocks.
	Load(ctx context.Context, shard int, actor ID) (Snapshot, error)

	// Read returns the entries of the shard's journal behind position after, in order, limit of them at the most. Trimmed
	// entries are left out without notice. It blocks.
	Read(ctx context.Context, shard int, after uint64, limit int) ([]Entry, error)

	// Commit makes the batch durable and then calls done, once, from any goroutine, possibly before Commit returns. It
	// does not block on input or output. The batch and all that it points to must not be changed until done was called;
	// the store keeps nothing of it afterwards. A shard has at most one batch under way. done hears
	//
	//	nil          the batch is durable, by this call or by an earlier one with the same ID
	//	ErrFenced    nothing happened by this call and nothing ever will: somebody else owns the shard. (An earlier call
	//	             with the same ID that ended with ErrUnknown may have happened.)
	//	ErrHead      nothing happened: the journal's head is not Batch.Head
	//	ErrRefused   nothing happened; the same batch may be put again later
	//	ErrUnknown   it may or may not have happened: put the same batch again until the answer is another
	//	ErrClosed    nothing happened: the store is closed
	//
	// possibly wrapped with the cause. Any other error counts as ErrUnknown.
	Commit(batch *Batch, done func(error))

	// Close ends the store after the batches under way, and frees its files and connections. It blocks.
	Close() error
}

// What a Store answers; see Store.Commit.
var (
	// ErrFenced means that a newer owner exists. The holder of the token must stop at once and not write again; retrying
	// cannot help.
	ErrFenced     = errors.New("shard: fenced by a newer owner")
	ErrHead       = errors.New("shard: the journal's head is another")
	ErrRefused    = errors.New("shard: refused by the store")
	ErrUnknown    = errors.New("shard: fate of the batch is unknown")
	ErrClosed     = errors.New("shard: store is closed")
	ErrNoSnapshot = errors.New("shard: no snapshot of the actor")
)
