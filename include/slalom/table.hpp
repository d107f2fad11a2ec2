// SPDX-License-Identifier: Apache-2.0
// A table in memory: named columns of numbers or of categories, as the readers produce it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace slalom {

/// A column of numbers. A missing cell is NaN; readers reject infinities, so every other value is finite.
struct NumericColumn {
  std::vector<double> values;
};

/// A column of strings, stored as indices into its distinct values. Booleans are the categories "false" and "true".
struct CategoricalColumn {
  static constexpr std::int32_t kMissing = -1;
  std::vector<std::int32_t> codes;      ///< one per row: index into `categories`, or kMissing
  std::vector<std::string> categories;  ///< distinct values in order of first appearance; each is used at least once
};

/// One named column; exactly one of the two kinds.
class Column {
 public:
  Column(std::string name, NumericColumn numeric) : name_(std::move(name)), numeric_(std::move(numeric)) {}
  Column(std::string name, CategoricalColumn categorical)
      : name_(std::move(name)), categorical_(std::move(categorical)) {}

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] bool is_numeric() const noexcept { return numeric_.has_value(); }
  [[nodiscard]] const NumericColumn& numeric() const { return numeric_.value(); }
  [[nodiscard]] const CategoricalColumn& categorical() const { return categorical_.value(); }
  [[nodiscard]] std::int64_t size() const noexcept {
    return static_cast<std::int64_t>(numeric_ ? numeric_->values.size() : categorical_->codes.size());
  }

 private:
  std::string name_;
  std::optional<NumericColumn> numeric_;
  std::optional<CategoricalColumn> categorical_;
};

/// Where rows of a text file are not on consecutive lines: row `row` and those after it lie `lines` further down than
/// one line a row would put them (blank lines, comments, quoted line ends before it).
struct LineShift {
  std::int64_t row = 0;
  std::int64_t lines = 0;
};

/// The lines by which `row` is shifted; `shifts` ascend by row.
[[nodiscard]] std::int64_t shift_at(const std::vector<LineShift>& shifts, std::int64_t row) noexcept;

/// Columns of equal length. `source`, `first_row` and `first_line` let messages name a place in the file.
struct Table {
  std::vector<Column> columns;
  std::int64_t n_rows = 0;
  std::string source;                  ///< path as the user gave it, for messages
  std::int64_t first_row = 0;          ///< index in the file of this table's row 0 (streamed pieces)
  std::int64_t first_line = 0;         ///< text formats: 1-based line of this table's row 0; 0: the format has no lines
  std::vector<LineShift> line_shifts;  ///< text formats: rows (of this table) that are not where first_line + row says
  bool has_header = true;              ///< false: columns are named c0, c1, ... by position

  /// Position of the column called `name`, or nullopt.
  [[nodiscard]] std::optional<std::size_t> find(const std::string& name) const;

  /// "file.csv, line 12" (text formats) or "file.parquet, row 11" (0-based row) for row `row` of this table.
  [[nodiscard]] std::string place(std::int64_t row) const;
};

/// How a file is to be read. The format follows from the file name: .csv .tsv .txt (also .gz), .parquet,
/// .feather/.arrow/.ipc, .npy, .libsvm/.svm/.svmlight (also .gz); anything else is taken as CSV.
struct ReadOptions {
  char delimiter = '\0';     ///< '\0': found from the first lines (comma, semicolon, tab, pipe, blank)
  bool has_header = true;    ///< false for --no-header
  std::string format;        ///< overrides the file name: csv, parquet, feather, npy, libsvm; empty: by name
  std::string targets_path;  ///< .npy only: a second file with the targets, read as columns y or y0, y1, ...
  /// Columns whose kind is known (from a model, or from --categorical): true = categorical. Others are inferred.
  std::vector<std::pair<std::string, bool>> kinds;
  std::int64_t libsvm_features = 0;  ///< LIBSVM: number of feature columns; 0: the largest index in the file
  std::int64_t block_bytes = std::int64_t{1} << 26;        ///< streamed reading: bytes of file a piece
  std::int64_t dense_limit_bytes = std::int64_t{8} << 30;  ///< LIBSVM: refuse to densify into more than this
};

/// Reads a whole file into memory.
///
/// Kinds. In text formats a column is numeric if every non-missing cell is a number; the cells "", NA, N/A, null, None,
/// ? and nan in any case are missing. A text column of which at least 90 % of the non-missing cells are numbers is an
/// error that names the first bad cell, unless `kinds` says that it is categorical. The texts True, TRUE, False and
/// FALSE become the categories "true" and "false"; dates stay text. Typed formats keep their types, nulls and NaN are
/// missing; dates become days, timestamps seconds since 1970-01-01, times and durations seconds. `kinds` overrides all
/// of this: a number becomes its shortest text, a text is parsed.
///
/// CSV: blank lines are skipped; gzip is recognised by content; the delimiter "blank" is any run of blanks and tabs; a
/// header of numbers is an error unless they are whole numbers in rising order. LIBSVM: columns `label`, then f1..fN
/// (index as in the file), or f0..fN if an index is 0; indices ascend in a line; `qid:` is ignored. .npy: columns
/// x0..xN; booleans are the numbers 0 and 1.
///
/// Throws InputError (cannot open), DataError (empty, header only, ragged row, infinite value, duplicate names, text
/// that is not UTF-8, corrupt file, nested column types, ...), UsageError; Error (kIo) if reading fails, or if the file
/// is changed, replaced or removed while it is read (pipes cannot be watched).
Table read_table(const std::string& path, const ReadOptions& options = {});

/// Reads a file piece by piece in order, holding one piece at a time, and hands every piece to `consume`.
/// `options.kinds` must name the kind of every column that matters (a piece cannot know the whole column): CSV columns
/// without a known kind are read as categories. Same errors as read_table.
void stream_table(const std::string& path, const ReadOptions& options,
                  const std::function<void(const Table&)>& consume);

}  // namespace slalom
