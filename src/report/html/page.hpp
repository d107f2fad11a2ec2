// SPDX-License-Identifier: Apache-2.0
// A page that explains itself: sections of charts, each with its numbers as a table, in one file that needs no network.
//
//   html::Page page("Gradient descent on a bowl", "slalom landscape");
//   html::Section section{"path", "The path"};
//   section.blocks.push_back(html::Chart{.id = "path", .title = "...", .description = "...", .spec = spec,
//                                        .table = {.columns = {{"step", true}, {"loss", true}}, .rows = rows}});
//   page.add(std::move(section));
//   page.write("landscape.html");
//
// Text may be anything: it is escaped here. Scripts and style are page.js, reading.js and page.css, the drawing is Vega's.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "report/html/escape.hpp"

namespace slalom::report::html {

/// Numbers or words in rows. Every row has one cell a column.
struct TextTable {
  struct Column {
    std::string name;
    bool numeric = false;  ///< aligned to the right
  };
  std::string caption;  ///< may be empty
  std::vector<Column> columns;
  std::vector<std::vector<std::string>> rows;
  std::string note = {};  ///< what is left out, or how to read it
  /// Whether the first cell of a row names it (for screen readers).
  bool row_headers = true;
};

/// An input below a chart's title that sets a signal of its spec. The element's id is "<chart id>-<signal>".
struct Control {
  enum class Kind { kToggle, kSlider, kChoice };
  Kind kind = Kind::kToggle;
  std::string signal;  ///< of the spec, which gives it the same initial value; letters, digits and _
  std::string label;
  double low = 0.0, high = 1.0, step = 1.0, value = 0.0;  ///< slider; toggle: value != 0 is on
  bool play = false;                                      ///< slider: with a button that moves it from low to high
  std::vector<std::pair<std::string, std::string>> choices =
      {};  ///< value of the signal and label; the first is chosen
};

/// A drawing with its title, inputs, notes and numbers.
struct Chart {
  std::string id;  ///< unique in the page: lower-case letters, digits and -; data-chart of the container
  std::string title;
  std::string description;  ///< what is to be seen, for those who do not see it
  /// Vega, without colours of its own (theme.hpp) and without a width: page.js sets the signal `width` to the room there
  /// is. Data are inline.
  Json spec;
  std::vector<Control> controls = {};
  std::vector<std::string> notes = {};  ///< what was thinned or sampled, how to read it
  TextTable table = {};                 ///< the numbers that are drawn
  TextTable legend = {};                ///< what its colours stand for, if that is numbers
  bool half = false;                    ///< may stand beside another one on wide screens
};

/// Names with values, as a definition list.
struct Facts {
  std::vector<std::pair<std::string, std::string>> items;
  bool large = false;  ///< as tiles with big values
};

struct Paragraph {
  std::string text;
};

/// Text whose line ends and blanks count.
struct Preformatted {
  std::string text;
};

inline constexpr const char* kErrorKind = "Error";  ///< of messages in the colour of trouble

/// Findings with an explanation each.
struct Messages {
  struct Item {
    std::string kind;  ///< one word before the text: "Advice", "Note", kErrorKind
    std::string text;
  };
  std::vector<Item> items;
};

using Block = std::variant<Chart, TextTable, Facts, Paragraph, Preformatted, Messages>;

struct Section {
  std::string id;  ///< unique in the page: lower-case letters, digits and -
  std::string title;
  std::vector<Block> blocks = {};
};

class Page {
 public:
  /// `subtitle`: one line below the title.
  explicit Page(std::string title, std::string subtitle = "");
  /// Throws std::invalid_argument for an id that is not as above or not unique: a defect of the caller.
  void add(Section section);
  [[nodiscard]] std::string html() const;
  /// Writes the page under its name once it is complete. Throws OutputError.
  void write(const std::string& path) const;

 private:
  void require_id(const std::string& id);

  std::string title_, subtitle_;
  std::vector<Section> sections_;
  std::vector<std::string> ids_;
};

}  // namespace slalom::report::html
