package main

import (
	"encoding/xml"
	"fmt"
	"os"
)

// The parts of JUnit's report that build servers read.
type junitSuites struct {
	XMLName xml.Name     `xml:"testsuites"`
	Suites  []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	File    string        `xml:"file,attr"`
	Line    int           `xml:"line,attr"`
	Failure *junitFailure `xml:"failure,omitempty"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
}

func writeJUnit(path string, results []testResult) error {
	suite := junitSuite{Name: "watchglass rules", Tests: len(results)}
	for _, r := range results {
		c := junitCase{Class: r.Rule, Name: r.Name, File: r.File, Line: r.Line}
		if r.wrong != "" {
			suite.Failures++
			c.Failure = &junitFailure{Message: r.wrong}
		}
		suite.Cases = append(suite.Cases, c)
	}
	text, err := xml.MarshalIndent(junitSuites{Suites: []junitSuite{suite}}, "", "  ")
	if err == nil {
		err = os.WriteFile(path, append([]byte(xml.Header), append(text, '\n')...), 0o644) //nolint:gosec // a report for a build server
	}
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}
