package localstore

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"
)

// markName is a file beside Pebble's that names the store which the folder holds. Pebble takes a folder in which it finds
// none of its files, or a list of them that ends early and no log, for a new database. The mark tells that from one that
// has lost everything: then the store does not open as a new one, which nobody would notice before the games are missed.
const markName = "INCARNATION"

// mark is what a folder's mark says. Also one that was cut off is there: it is written when the store has been made.
type mark struct {
	there bool
	text  string
}

// readMark reads the mark of the folder.
func (s *Store) readMark(files vfs.FS) (mark, error) {
	file, err := files.Open(files.PathJoin(s.cfg.Dir, markName))
	if errors.Is(err, fs.ErrNotExist) {
		return mark{}, nil
	}
	if err != nil {
		return mark{}, fmt.Errorf("open %s in %s: %w", markName, s.cfg.Dir, err)
	}
	text, err := io.ReadAll(io.LimitReader(file, 1<<10))
	if err := errors.Join(err, file.Close()); err != nil {
		return mark{}, fmt.Errorf("read %s in %s: %w", markName, s.cfg.Dir, err)
	}
	return mark{there: true, text: strings.TrimSpace(string(text))}, nil
}

// checkMark compares the mark with the store that was read, and writes it where there is none or it is no incarnation: the
// store is older than marks, or its making was cut off.
func (s *Store) checkMark(files vfs.FS, m mark) error {
	marked, err := uuid.Parse(m.text)
	switch {
	case err != nil:
		return s.writeMark(files)
	case marked != s.meta.incarnation:
		return fmt.Errorf("the store in %s is incarnation %s, and its file %s says %s: the files of two stores are mixed",
			s.cfg.Dir, s.meta.incarnation, markName, marked)
	}
	return nil
}

func (s *Store) writeMark(files vfs.FS) error {
	err := func() error {
		file, err := files.Create(files.PathJoin(s.cfg.Dir, markName), vfs.WriteCategoryUnspecified)
		if err != nil {
			return err
		}
		_, err = file.Write([]byte(s.meta.incarnation.String() + "\n"))
		if err == nil {
			err = file.Sync()
		}
		if err := errors.Join(err, file.Close()); err != nil {
			return err
		}
		folder, err := files.OpenDir(s.cfg.Dir)
		if err != nil {
			return err
		}
		return errors.Join(folder.Sync(), folder.Close())
	}()
	if err != nil {
		return fmt.Errorf("write %s in %s: %w", markName, s.cfg.Dir, err)
	}
	return nil
}

// lost says that a store which was there has nothing in it any more.
func (s *Store) lost(m mark) error {
	return fmt.Errorf("the store in %s has nothing in it, and it did have: its file %s says %.40q. Bring its other files back; or, for a new store, name another folder",
		s.cfg.Dir, markName, m.text)
}
