// SPDX-License-Identifier: Apache-2.0
// Writes CSV and TSV.
#include <cmath>
#include <string_view>
#include <utility>

#include "data/atomic_file.hpp"
#include "data/cell_text.hpp"
#include "data/table_writer.hpp"

namespace slalom {
namespace {

class CsvWriter : public TableWriter {
 public:
  CsvWriter(const std::string& path, std::vector<OutputColumn> columns, char delimiter)
      : TableWriter(std::move(columns)), file_(path), delimiter_(delimiter) {
    for (std::size_t i = 0; i < this->columns().size(); ++i) {
      separate(i);
      append_text(this->columns()[i].name);
    }
    end_row();
  }

  void finish() override { file_.commit(); }

 private:
  void append(const std::vector<Column>& columns) override {
    const std::int64_t n_rows = columns.front().size();
    for (std::int64_t row = 0; row < n_rows; ++row) {
      for (std::size_t i = 0; i < columns.size(); ++i) {
        separate(i);
        append_cell(columns[i], static_cast<std::size_t>(row));
      }
      end_row();
    }
  }

  void append_cell(const Column& column, std::size_t row) {
    if (column.is_numeric()) {
      const double value = column.numeric().values[row];
      if (std::isnan(value)) {
        append_missing();
      } else {
        append_number(line_, value);
      }
      return;
    }
    const std::int32_t code = column.categorical().codes[row];
    if (code == CategoricalColumn::kMissing) {
      append_missing();
    } else {
      append_text(column.categorical().categories[static_cast<std::size_t>(code)]);
    }
  }

  void append_missing() {
    if (columns().size() == 1) line_ += "\"\"";  // a line without anything would be skipped by readers
  }

  void append_text(std::string_view text) {
    const bool has_special = text.find_first_of("\"\r\n") != std::string_view::npos ||
                             text.find(delimiter_) != std::string_view::npos || trim_blanks(text).size() != text.size();
    if (!has_special && !text.empty()) {
      line_ += text;
      return;
    }
    line_ += '"';
    for (const char c : text) {
      if (c == '"') line_ += '"';
      line_ += c;
    }
    line_ += '"';
  }

  void separate(std::size_t position) {
    if (position > 0) line_ += delimiter_;
  }

  void end_row() {
    line_ += '\n';
    file_.write(line_);
    line_.clear();
  }

  AtomicFile file_;
  char delimiter_;
  std::string line_;
};

}  // namespace

std::unique_ptr<TableWriter> create_csv_writer(const std::string& path, std::vector<OutputColumn> columns,
                                               char delimiter) {
  return std::make_unique<CsvWriter>(path, std::move(columns), delimiter);
}

}  // namespace slalom
