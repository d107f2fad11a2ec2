// SPDX-License-Identifier: Apache-2.0
// Reads LIBSVM text as a dense table: a first pass finds its size, a second one fills the columns.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "data/byte_source.hpp"
#include "data/column_names.hpp"
#include "data/libsvm_line.hpp"
#include "data/table_reader.hpp"
#include "data/text_blocks.hpp"
#include "data/typed_column.hpp"
#include "slalom/error.hpp"

namespace slalom {
namespace {

constexpr double kGigabyte = 1e9;

/// The rows of a file one after the other.
class LibsvmLines {
 public:
  explicit LibsvmLines(const std::string& path) : path_(path), blocks_(path) {}

  /// The next row, or null at the end; valid until the next call.
  const LibsvmLine* next() {
    while (true) {
      if (offset_ >= block_.bytes.size()) {
        auto block = blocks_.next();
        if (!block) return nullptr;
        block_ = *std::move(block);
        offset_ = 0;
        next_number_ = block_.first_line;
      }
      const std::size_t end = std::min(block_.bytes.find('\n', offset_), block_.bytes.size());
      std::string_view text(block_.bytes.data() + offset_, end - offset_);
      if (text.ends_with('\r')) text.remove_suffix(1);
      offset_ = end + 1;
      number_ = next_number_++;
      if (parse_libsvm_line(text, path_, number_, line_)) return &line_;
    }
  }

  /// The line number of the row that next() returned last.
  [[nodiscard]] std::int64_t number() const noexcept { return number_; }

 private:
  std::string path_;
  TextBlocks blocks_;
  TextBlock block_;
  std::size_t offset_ = 0;
  std::int64_t next_number_ = 1;
  std::int64_t number_ = 0;
  LibsvmLine line_;
};

/// What the first pass finds.
struct Extent {
  std::int64_t n_rows = 0;
  std::int64_t max_index = 0;
  std::int64_t max_index_line = 0;
  std::int64_t zero_index_line = 0;  ///< 0: no index is 0
};

Extent measure(const std::string& path) {
  if (check_input_file(path); !is_rereadable(path)) {
    throw InputError(path + ": is not a regular file; LIBSVM text is read twice");
  }
  Extent extent;
  LibsvmLines lines(path);
  while (const LibsvmLine* line = lines.next()) {
    ++extent.n_rows;
    if (line->features.empty()) continue;
    if (line->features.front().index == 0 && extent.zero_index_line == 0) extent.zero_index_line = lines.number();
    if (line->features.back().index > extent.max_index) {
      extent.max_index = line->features.back().index;
      extent.max_index_line = lines.number();
    }
  }
  return extent;
}

class LibsvmReader : public TableReader {
 public:
  LibsvmReader(std::string path, ReadOptions options, ReadMode mode)
      : path_(std::move(path)), options_(std::move(options)), mode_(mode), extent_(measure(path_)), lines_(path_) {
    find_features();
    check_limit();
  }

  std::optional<Table> next(std::int64_t max_bytes) override {
    const std::int64_t n_left = extent_.n_rows - n_rows_;
    if (n_left == 0) return std::nullopt;
    // A piece is bounded by its dense size, which may be far larger than its text.
    const std::int64_t limit = mode_ == ReadMode::kWhole ? n_left : max_bytes / dense_row_bytes();
    Table table;
    table.source = path_;
    table.first_row = n_rows_;
    table.n_rows = std::clamp<std::int64_t>(limit, 1, n_left);
    std::vector<std::vector<double>> numbers(static_cast<std::size_t>(n_features_ + 1));
    for (auto& column : numbers) column.assign(static_cast<std::size_t>(table.n_rows), 0.0);
    for (std::int64_t row = 0; row < table.n_rows; ++row) {
      const LibsvmLine* line = lines_.next();
      if (line == nullptr) throw Error(ExitCode::kIo, path_ + ": has fewer rows when it is read again");
      note_line(row, table);
      numbers[0][static_cast<std::size_t>(row)] = line->label;
      for (const LibsvmFeature& feature : line->features) {
        check_index(feature.index, lines_.number());
        numbers[static_cast<std::size_t>(feature.index - first_index_ + 1)][static_cast<std::size_t>(row)] =
            feature.value;
      }
    }
    n_rows_ += table.n_rows;
    for (std::size_t i = 0; i < numbers.size(); ++i) table.columns.push_back(make_column(i, std::move(numbers[i])));
    return table;
  }

 private:
  /// Decides whether indices start at 0 or at 1, and how many features there are.
  void find_features() {
    const bool model_is_zero_based = kinds_.find("f0").has_value();
    const bool model_is_one_based = !model_is_zero_based && kinds_.find("f1").has_value();
    first_index_ = model_is_zero_based || (extent_.zero_index_line != 0 && !model_is_one_based) ? 0 : 1;
    n_features_ = options_.libsvm_features > 0 ? options_.libsvm_features : extent_.max_index - first_index_ + 1;
    if (extent_.zero_index_line != 0) check_index(0, extent_.zero_index_line);
    if (extent_.max_index > 0) check_index(extent_.max_index, extent_.max_index_line);
  }

  void check_index(std::int64_t index, std::int64_t line) const {
    if (index >= first_index_ && index < first_index_ + n_features_) return;
    throw DataError(fmt::format("{}, line {}: found feature index {}, expected {} to {}", path_, line, index,
                                first_index_, first_index_ + n_features_ - 1));
  }

  [[nodiscard]] std::int64_t dense_row_bytes() const noexcept {
    return (n_features_ + 1) * static_cast<std::int64_t>(sizeof(double));
  }

  /// Refuses before anything is allocated. A streamed file needs room for a row at a time.
  void check_limit() const {
    const std::int64_t n_rows = mode_ == ReadMode::kWhole ? extent_.n_rows : 1;
    const double needed = static_cast<double>(n_rows) * static_cast<double>(dense_row_bytes()) +
                          static_cast<double>(n_features_ + 1) * static_cast<double>(sizeof(Column));
    if (needed <= static_cast<double>(options_.dense_limit_bytes)) return;
    throw DataError(fmt::format(
        "{}: {} rows of {} features would take {:.3g} GB as a dense table, expected at most {:.3g} GB", path_,
        extent_.n_rows, n_features_, needed / kGigabyte, static_cast<double>(options_.dense_limit_bytes) / kGigabyte));
  }

  void note_line(std::int64_t row, Table& table) const {
    if (row == 0) table.first_line = lines_.number();
    const std::int64_t shift = lines_.number() - table.first_line - row;
    if (shift != shift_at(table.line_shifts, row)) table.line_shifts.push_back({.row = row, .lines = shift});
  }

  [[nodiscard]] Column make_column(std::size_t position, std::vector<double> numbers) const {
    std::string name =
        position == 0 ? "label" : fmt::format("f{}", static_cast<std::int64_t>(position) - 1 + first_index_);
    if (!kinds_.find(name).value_or(false)) return {std::move(name), NumericColumn{.values = std::move(numbers)}};
    TypedColumn column(path_, std::move(name), true);
    for (const double value : numbers) column.add_number(value);
    return column.take();
  }

  std::string path_;
  ReadOptions options_;
  KnownKinds kinds_{options_};
  ReadMode mode_;
  Extent extent_;
  LibsvmLines lines_;
  std::int64_t first_index_ = 1;
  std::int64_t n_features_ = 0;
  std::int64_t n_rows_ = 0;
};

}  // namespace

std::unique_ptr<TableReader> open_libsvm(const std::string& path, const ReadOptions& options, ReadMode mode) {
  return std::make_unique<LibsvmReader>(path, options, mode);
}

}  // namespace slalom
