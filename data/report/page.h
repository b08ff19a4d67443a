// A report as one HTML page: no network, no other file, readable without scripts, in light and dark, on paper and on a phone.
//
// Every std::string below is plain text and is escaped here, except where it is said to be markup.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "data/report/quicklook.h"

namespace cf {

struct Cell {
  std::string text;
  std::string exact;  // more digits, shown on demand, and in data-value for programs; may be empty
  std::string below;  // a second, smaller line
  bool best = false;  // of its column
};
Cell cell(std::string text);

struct Column {
  std::string name;
  std::string about;  // what it means, in a few words; may be empty
};

// Rows begin with their names. Columns beyond the first hold numbers.
struct PageTable {
  std::string caption;
  std::vector<Column> head;
  std::vector<std::vector<Cell>> rows;
  bool words = false;  // columns hold words instead
};

// A figure in large type.
struct Card {
  std::string name;
  std::string value;
  std::string below;
};

// One of the pictures of a viewer. All pictures of a viewer have the same size.
struct Shown {
  std::string name;   // "PAN", "LMS", "CF2N", "Error of CF2N"
  std::string about;  // for those who do not see it
  Quicklook picture;
  std::optional<MapScale> scale;  // a map: its colour bar
  std::string unit;               // of the scale
};

// Pictures of one scene, side by side; where scripts run, any two of them under a divider that moves.
struct Viewer {
  std::string title;
  std::string note;
  std::vector<Shown> pictures;
  std::size_t left = 0;  // the pair to begin with
  std::size_t right = 1;
};

using Facts = std::vector<std::pair<std::string, std::string>>;

class Page {
 public:
  // `kind` stands above the title, `lead` below it.
  Page(std::string kind, std::string title, std::string lead);

  void section(const std::string& title, const std::string& intro = "");
  void subsection(const std::string& title);
  void paragraph(const std::string& text);
  void warning(const std::string& text);
  void cards(const std::vector<Card>& cards);
  void table(const PageTable& table);
  // The same behind a line that opens it.
  void folded_table(const std::string& summary, const PageTable& table);
  void facts(const Facts& facts);
  void folded_text(const std::string& summary, const std::string& text);
  // Markup of line_chart() and its like; empty ones are left out. `small`: more of them beside each other. `legend`: markup.
  void charts(const std::vector<std::string>& figures, bool small = false, const std::string& legend = "");
  void viewer(const Viewer& viewer);

  // The page. `made`: when and by what, for its last line, which also says how large it is.
  std::string markup(const std::string& made) const;

 private:
  std::string kind_, title_, lead_;
  std::string body_;
  std::vector<std::string> sections_;
};

}  // namespace cf
