package contract

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// page is protocol.md, taken apart.
type page struct {
	text     string
	sections []section
}

// section is what stands below one heading, up to the next of any level.
type section struct {
	chapter string // heading of the second level
	title   string // heading of the third level, without backticks; empty above the first
	tables  []pageTable
	blocks  []block
}

// pageTable is a table, its cells as they are written.
type pageTable struct {
	header []string
	rows   [][]string
}

// block is a fenced block of code.
type block struct {
	language string
	lines    []string
	line     int // number of its first line in the page
}

func readPage(t *testing.T) *page {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "protocol.md"))
	must(t, err)
	p := &page{text: string(text), sections: []section{{}}}
	var fenced *block
	for number, line := range strings.Split(p.text, "\n") {
		now := &p.sections[len(p.sections)-1]
		language, fence := strings.CutPrefix(line, "```")
		switch {
		case fence && fenced == nil:
			fenced = &block{language: language, line: number + 2}
		case fence:
			now.blocks = append(now.blocks, *fenced)
			fenced = nil
		case fenced != nil:
			fenced.lines = append(fenced.lines, line)
		case strings.HasPrefix(line, "## "):
			p.sections = append(p.sections, section{chapter: line[3:]})
		case strings.HasPrefix(line, "### "):
			p.sections = append(p.sections, section{chapter: now.chapter, title: strings.Trim(line[4:], "`")})
		case strings.HasPrefix(line, "|"):
			now.addRow(line)
		case len(now.tables) > 0 && now.tables[len(now.tables)-1].header != nil:
			now.tables = append(now.tables, pageTable{}) // the table has ended
		}
	}
	if fenced != nil {
		t.Fatalf("the block at line %d of protocol.md does not end", fenced.line)
	}
	return p
}

func (s *section) addRow(line string) {
	var cells []string
	for _, cell := range strings.Split(strings.Trim(line, "|"), " | ") {
		cells = append(cells, strings.TrimSpace(cell))
	}
	if len(s.tables) == 0 {
		s.tables = append(s.tables, pageTable{})
	}
	table := &s.tables[len(s.tables)-1]
	switch {
	case table.header == nil:
		table.header = cells
	case !strings.HasPrefix(cells[0], "---"):
		table.rows = append(table.rows, cells)
	}
}

// named finds the tables of a section whose first column has that heading.
func (s *section) named(column string) (found []pageTable) {
	for _, table := range s.tables {
		if len(table.header) > 0 && table.header[0] == column {
			found = append(found, table)
		}
	}
	return found
}

// column lists the first cells of tables, without their backticks.
func column(tables []pageTable) (cells []string) {
	for _, table := range tables {
		for _, row := range table.rows {
			cells = append(cells, strings.Trim(row[0], "`"))
		}
	}
	return cells
}

// in lists the sections of a chapter.
func (p *page) in(t *testing.T, chapter string) (found []section) {
	t.Helper()
	for _, each := range p.sections {
		if each.chapter == chapter {
			found = append(found, each)
		}
	}
	if len(found) == 0 {
		t.Fatalf("protocol.md has no chapter %q", chapter)
	}
	return found
}

func titles(sections []section) (all []string) {
	for _, each := range sections {
		if each.title != "" {
			all = append(all, each.title)
		}
	}
	return all
}

// link is a link of Markdown.
var link = regexp.MustCompile(`\]\(([^)]+)\)`)

// TestLinks follows the links within the page and to the files beside it.
func TestLinks(t *testing.T) {
	p := readPage(t)
	anchors := make(map[string]bool)
	for _, each := range p.sections {
		title := each.title
		if title == "" {
			title = each.chapter
		}
		anchors[strings.ReplaceAll(strings.ToLower(title), " ", "-")] = true
	}
	for _, match := range link.FindAllStringSubmatch(p.text, -1) {
		target := match[1]
		if anchor, within := strings.CutPrefix(target, "#"); within {
			if !anchors[anchor] {
				t.Errorf("protocol.md links to %s, which is no heading of it", target)
			}
			continue
		}
		if strings.HasPrefix(target, "https://") {
			continue
		}
		if _, err := os.Stat(filepath.Join("..", target)); err != nil {
			t.Errorf("protocol.md links to %s: %v", target, err)
		}
	}
}
