package redisstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"github.com/plywire/plywire/redisclient"
)

// servers asks every server that holds shards about itself.
func (s *Store) servers(ctx context.Context) ([]server, error) {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.ReadTimeout)
	defer cancel()
	var mu sync.Mutex
	var all []server
	err := redisclient.EachMaster(ctx, s.reads, func(ctx context.Context, one *redis.Client) error {
		v, err := ask(ctx, one)
		if err == nil && s.cfg.Durability == Fsync {
			v.waitAOF, err = knowsWaitAOF(ctx, one)
		}
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		all = append(all, v)
		return nil
	})
	if err != nil {
		if what := cmp.Or(explain(err), s.target.Explain(err)); what != "" {
			err = fmt.Errorf("%s: %w", what, err)
		}
		return nil, fmt.Errorf("ask Redis about itself: %w", err)
	}
	return all, nil
}

// inspect fails if a server is not fit, warns of what may be wrong, and settles what is promised.
func (s *Store) inspect(ctx context.Context) error {
	all, err := s.servers(ctx)
	if err != nil {
		return err
	}
	if err := s.each(all, func(v server) []string { return v.faults(s.target.Cluster()) }); err != nil {
		return err
	}
	if s.promise, err = s.promised(all); err != nil {
		return err
	}
	for _, v := range all {
		for _, what := range v.warnings(s.promise) {
			s.cfg.Logger.Warn().Msg(s.nameOf(v) + what)
		}
	}
	return nil
}

// nameOf is what a message about a server begins with, where there are several.
func (s *Store) nameOf(v server) string {
	if s.target.Cluster() {
		return v.address + ": "
	}
	return ""
}

// each is the error about what is found with the servers.
func (s *Store) each(all []server, find func(v server) []string) error {
	var found []error
	for _, v := range all {
		for _, what := range find(v) {
			found = append(found, errors.New(s.nameOf(v)+what))
		}
	}
	return errors.Join(found...)
}

// promised is what the store promises of what it acknowledges, on these servers.
func (s *Store) promised(all []server) (*promise, error) {
	p := &promise{level: s.cfg.Durability, least: s.cfg.Replicas, named: s.cfg.Replicas > 0}
	with := 0
	for _, v := range all {
		p.noted(v.address, v.raw)
		if v.replicas > 0 {
			with++
		}
	}
	switch p.level {
	case Auto:
		p.level = Primary
		switch {
		case with == len(all) || p.least > 0:
			p.level = Replicas
		case with > 0:
			s.cfg.Logger.Warn().Msgf("%d of %d servers of the Redis Cluster have replicas: none is waited for; give the others some, or say which durability is wanted", with, len(all))
		case s.target.Sentinel():
			s.cfg.Logger.Warn().Msg("Redis has no replica now, and will not wait for one that comes: start Plywire again when it has, or say which durability is wanted")
		}
	case Fsync:
		p.waitAOF = true
		for _, v := range all {
			p.waitAOF = p.waitAOF && v.waitAOF
		}
		if err := s.each(all, func(v server) []string { return v.unsynced(p.waitAOF) }); err != nil {
			return nil, err
		}
	}
	if p.level == Replicas {
		p.least = max(1, p.least)
	}
	return p, nil
}

// watchServers looks at the servers' settings until the store is closed, and says what has changed.
func (s *Store) watchServers() {
	said := make(map[string]time.Time)
	delayed := make(map[string]int)
	s.every(s.cfg.CheckInterval, func(ctx context.Context) {
		all, err := s.servers(ctx)
		if err != nil {
			return // whoever commits says so
		}
		for _, what := range s.problems(ctx, all, delayed) {
			if time.Since(said[what]) >= repeatWarning {
				said[what] = time.Now()
				s.cfg.Logger.Warn().Msg(what)
			}
		}
	})
}

// repeatWarning is the time after which the same is said again.
const repeatWarning = 10 * time.Minute

// problems are what is wrong with the servers now. delayed are their delayed syncs of the last time, by address.
func (s *Store) problems(ctx context.Context, all []server, delayed map[string]int) []string {
	var problems []string
	for _, v := range all {
		s.promise.noted(v.address, v.raw)
		found := append(v.faults(s.target.Cluster()), v.warnings(s.promise)...)
		if s.promise.level == Fsync {
			found = append(found, v.unsynced(s.promise.waitAOF)...)
		}
		before, known := delayed[v.address]
		if delayed[v.address] = v.number("aof_delayed_fsync"); known && delayed[v.address] > before {
			found = append(found, "Redis waits for its disk before it can write its log (aof_delayed_fsync grows): the disk is too slow")
		}
		for _, what := range found {
			problems = append(problems, s.nameOf(v)+what)
		}
	}
	if err := s.recognise(ctx); err != nil {
		problems = append(problems, err.Error())
	}
	return problems
}

// recognise wants that this is still the cluster that was opened.
func (s *Store) recognise(ctx context.Context) error {
	var name string
	err := s.at(ctx, clusterKey(s.cfg.Name), func(ctx context.Context, one *redis.Client) (err error) {
		name, err = one.HGet(ctx, clusterKey(s.cfg.Name), "incarnation").Result()
		return err
	})
	if err != nil && !errors.Is(err, redis.Nil) {
		return nil // whoever commits says so
	}
	if id, err := uuid.Parse(name); err != nil || id != s.incarnation {
		return fmt.Errorf("Redis has lost the cluster %s (its incarnation is %q, and was %s): what was acknowledged is in its backup, or gone", s.cfg.Name, name, s.incarnation)
	}
	return nil
}
