package storetest

import (
	"errors"

	"github.com/google/uuid"

	"github.com/plywire/plywire/shard"
)

// again puts a batch that is durable once more, several times, and wants success without any effect.
func (o *owner) again(b *shard.Batch) {
	o.Helper()
	for range 3 {
		if err := o.commit(b); err != nil {
			o.Errorf("the same batch again: %v", err)
		}
		o.check()
	}
}

func testRepeat(r *rig) {
	o, other := r.own(1), r.own(2)
	actor := uuid.New()
	for range 3 {
		b := with(o.batch(actor, "a", "b"), shard.Snapshot{Actor: actor, State: []byte("ab")})
		o.put(b)
		o.again(b)
		o.again(copyBatch(b))
		for range 3 {
			other.put(other.batch(uuid.New(), "c"))
		}
		o.again(b)
	}
	other.check()
}

func testRepeatSnapshots(r *rig) {
	o := r.own(1)
	actor := uuid.New()
	b := with(o.batch(actor), shard.Snapshot{Actor: actor, State: []byte("first"), Resident: true})
	o.put(b)
	o.again(b)
	o.put(with(o.batch(actor), shard.Snapshot{Actor: actor, State: []byte("second")}))
	o.check()
}

func testRepeatReopened(r *rig) {
	o, other := r.own(1), r.own(2)
	actor := uuid.New()
	other.put(other.batch(uuid.New(), "c"))
	b := with(o.batch(actor, "a", "b"), shard.Snapshot{Actor: actor, State: []byte("ab")})
	o.put(b)
	r.reopen()
	o.again(b)
	o.put(o.batch(actor, "c"))
	o.check()
}

// stranger makes a batch which is all right but for its token, and wants that token refused everywhere.
func (o *owner) stranger(token shard.Token) {
	o.Helper()
	actor := uuid.New()
	b := with(o.batch(actor, "x"), shard.Snapshot{Actor: actor, State: []byte("x"), Resident: true})
	b.Token = token
	if err := o.commit(b); !errors.Is(err, shard.ErrFenced) {
		o.Errorf("commit with token %v, while %v is the shard's: %v, want %v", token, o.token, err, shard.ErrFenced)
	}
	if _, err := o.store.Recover(o.Context(), o.id, token); !errors.Is(err, shard.ErrFenced) {
		o.Errorf("recover with token %v, while %v is the shard's: %v, want %v", token, o.token, err, shard.ErrFenced)
	}
}

func testFence(r *rig) {
	other := r.own(4)
	r.acquire(3)
	o := r.own(3)
	o.put(o.batch(uuid.New(), "a"))
	for _, token := range []shard.Token{
		{},
		{Epoch: o.token.Epoch},
		{Owner: o.token.Owner},
		{Epoch: o.token.Epoch, Owner: uuid.New()},
		{Epoch: o.token.Epoch - 1, Owner: o.token.Owner},
		{Epoch: o.token.Epoch + 1, Owner: o.token.Owner},
		{Epoch: o.token.Epoch + 1, Owner: uuid.New()},
		{Epoch: o.token.Epoch, Owner: other.token.Owner},
		other.token,
	} {
		o.stranger(token)
	}
	o.check()
	o.put(o.batch(uuid.New(), "b"))
	o.check()
	other.check()
}

func testFenceOld(r *rig) {
	o := r.own(3)
	var old []shard.Token
	for range 4 {
		o.put(o.batch(uuid.New(), "a", "b"))
		old = append(old, o.token)
		o.reacquire()
		for _, token := range old {
			o.stranger(token)
		}
		o.check()
	}
	o.reopen()
	for _, token := range old {
		o.stranger(token)
	}
	o.check()
}

func testFenceUnowned(r *rig) {
	o := &owner{rig: r, id: 5}
	o.stranger(shard.Token{})
	o.stranger(shard.Token{Epoch: 1, Owner: uuid.New()})
	o.stranger(shard.Token{Epoch: 1})
	o.reacquire()
	o.check()
}

func testOwnerReopened(r *rig) {
	o := r.own(3)
	o.put(o.batch(uuid.New(), "a"))
	before := o.token
	r.reopen()
	o.put(o.batch(uuid.New(), "b"))
	o.check()
	o.reacquire()
	if o.token.Epoch <= before.Epoch || o.token.Owner == before.Owner {
		r.Errorf("Acquire after the reopening gives %v, before it gave %v", o.token, before)
	}
	o.stranger(before)
	o.check()
}
