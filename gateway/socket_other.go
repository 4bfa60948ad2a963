//go:build !unix

package gateway

import "errors"

const canTry = false

// tryWrite is not called where canTry is false.
func tryWrite(uintptr, []byte) (int, error) { return 0, errors.ErrUnsupported }
