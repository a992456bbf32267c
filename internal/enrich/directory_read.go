package enrich

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/watchglass/watchglass/schema"
)

// accessorRow is a line of the directory, in either format.
type accessorRow struct {
	ID           string   `json:"id"`
	Employer     string   `json:"employer"`
	Unit         string   `json:"unit"`
	HomeCountry  string   `json:"home_country"`
	Citizenships []string `json:"citizenships"`
	Clearances   []string `json:"clearances"`
	Status       string   `json:"status"`
}

// profile checks a row. Errors name no accessor: they end up in logs.
func (r *accessorRow) profile(file string, line int) (profile, error) {
	p := profile{employer: r.Employer, unit: r.Unit, home: r.HomeCountry, citizenships: r.Citizenships, clearances: r.Clearances, status: r.Status}
	switch {
	case r.ID == "":
		return p, faultAt(file, line, 0, "id is empty")
	case len(r.ID) > schema.MaxIDBytes:
		return p, faultAt(file, line, 0, "id has %d bytes: expected at most %d", len(r.ID), schema.MaxIDBytes)
	case r.Employer == "":
		return p, faultAt(file, line, 0, "employer is empty: expected the id of an entity of %s", fileEntities)
	case r.Status != statusActive && r.Status != statusDeparted:
		return p, faultAt(file, line, 0, "status is %q: expected active or departed", r.Status)
	case r.HomeCountry == "-":
		p.home = ""
	case r.HomeCountry == "":
		return p, faultAt(file, line, 0, "home_country is empty: expected a country, or - where there is none (a service)")
	case !isCountry(r.HomeCountry):
		return p, faultAt(file, line, 0, "home_country %q is no country: %s", r.HomeCountry, expectedCountry(r.HomeCountry))
	}
	for _, c := range r.Citizenships {
		if !isCountry(c) {
			return p, faultAt(file, line, 0, "citizenship %q is no country: %s", c, expectedCountry(c))
		}
	}
	if slices.Contains(r.Clearances, "") {
		return p, faultAt(file, line, 0, "a clearance is empty")
	}
	return p, nil
}

// skipMark drops the byte order mark that spreadsheets put first.
func skipMark(r io.Reader) *bufio.Reader {
	b := bufio.NewReaderSize(r, 1<<16)
	if head, _ := b.Peek(3); bytes.Equal(head, []byte("\xef\xbb\xbf")) {
		_, _ = b.Discard(3)
	}
	return b
}

func columnNames() []string {
	return []string{"id", "employer", "unit", "home_country", "citizenships", "clearances", "status"}
}

func readDirectoryCSV(name string, r io.Reader) (*directory, error) {
	rows := csv.NewReader(skipMark(r))
	rows.ReuseRecord = true
	header, err := rows.Read()
	if errors.Is(err, io.EOF) {
		return nil, faultAt(name, 1, 1, "the file is empty: expected a header line such as %s", strings.Join(columnNames(), ","))
	}
	if err != nil {
		return nil, csvFault(name, err)
	}
	column, err := csvColumns(name, header)
	if err != nil {
		return nil, err
	}
	b := newDirectoryBuilder(name)
	var citizenships, clearances []string
	for {
		record, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return b.done(), nil
		}
		if err != nil {
			return nil, csvFault(name, err)
		}
		get := func(c int) string {
			if column[c] < 0 {
				return ""
			}
			return record[column[c]]
		}
		line, _ := rows.FieldPos(0)
		citizenships, clearances = split(citizenships[:0], get(4)), split(clearances[:0], get(5))
		row := accessorRow{ID: get(0), Employer: get(1), Unit: get(2), HomeCountry: get(3), Citizenships: citizenships, Clearances: clearances, Status: get(6)}
		p, err := row.profile(name, line)
		if err != nil {
			return nil, err
		}
		if err := b.add(line, row.ID, p); err != nil {
			return nil, err
		}
	}
}

// csvColumns finds the columns by the header; -1 for one that is not there.
func csvColumns(name string, header []string) ([]int, error) {
	names := columnNames()
	column := make([]int, len(names))
	for i := range column {
		column[i] = slices.Index(header, names[i])
		if column[i] < 0 && slices.Contains([]string{"id", "employer", "home_country", "status"}, names[i]) {
			return nil, faultAt(name, 1, 0, "column %s is missing in the header line: expected %s", names[i], strings.Join(names, ","))
		}
	}
	for i, h := range header {
		if !slices.Contains(names, h) {
			return nil, faultAt(name, 1, 0, "unknown column %q: expected %s", h, strings.Join(names, ","))
		}
		if slices.Index(header, h) != i {
			return nil, faultAt(name, 1, 0, "column %s is there twice", h)
		}
	}
	return column, nil
}

func csvFault(name string, err error) error {
	var pe *csv.ParseError
	if !errors.As(err, &pe) {
		return err
	}
	return faultAt(name, pe.Line, pe.Column, "%s", pe.Err)
}

// split cuts a list at `|`; an empty text is an empty list.
func split(into []string, text string) []string {
	if text == "" {
		return into
	}
	for part := range strings.SplitSeq(text, "|") {
		into = append(into, part)
	}
	return into
}

// maxDirectoryLine is far above what one accessor can need.
const maxDirectoryLine = 1 << 20

func readDirectoryJSONL(name string, r io.Reader) (*directory, error) {
	lines := bufio.NewScanner(skipMark(r))
	lines.Buffer(nil, maxDirectoryLine)
	b := newDirectoryBuilder(name)
	line := 0
	for lines.Scan() {
		line++
		text := bytes.TrimSpace(lines.Bytes())
		if len(text) == 0 {
			continue
		}
		var row accessorRow
		dec := json.NewDecoder(bytes.NewReader(text))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&row); err != nil {
			return nil, jsonFault(name, line, err)
		}
		if int(dec.InputOffset()) != len(text) {
			return nil, faultAt(name, line, int(dec.InputOffset())+1, "expected one JSON object a line")
		}
		p, err := row.profile(name, line)
		if err != nil {
			return nil, err
		}
		if err := b.add(line, row.ID, p); err != nil {
			return nil, err
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return nil, faultAt(name, line+1, 0, "the line is longer than %d bytes", maxDirectoryLine)
	}
	return b.done(), lines.Err()
}

// jsonFault keeps what is wrong and drops what was read.
func jsonFault(name string, line int, err error) error {
	var syntax *json.SyntaxError
	var typed *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return faultAt(name, line, int(syntax.Offset), "%s", syntax.Error())
	case errors.As(err, &typed):
		return faultAt(name, line, int(typed.Offset), "%s is a %s: expected %s", typed.Field, strings.Fields(typed.Value)[0], typed.Type)
	case strings.HasPrefix(err.Error(), "json: unknown field"):
		return faultAt(name, line, 0, "%s: expected %s", strings.TrimPrefix(err.Error(), "json: "), strings.Join(columnNames(), ", "))
	}
	return faultAt(name, line, 0, "not a JSON object")
}
