package enrich

import "fmt"

// FileError says what is wrong with a policy file, and where. Column is 0
// when only the line is known, Line is 0 when the whole file is meant.
type FileError struct {
	File   string
	Line   int
	Column int
	Detail string // what was wrong and what was expected
}

func (e *FileError) Error() string {
	switch {
	case e.Line == 0:
		return e.File + ": " + e.Detail
	case e.Column == 0:
		return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Detail)
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Detail)
}

func faultAt(file string, line, column int, format string, args ...any) error {
	return &FileError{File: file, Line: line, Column: column, Detail: fmt.Sprintf(format, args...)}
}
