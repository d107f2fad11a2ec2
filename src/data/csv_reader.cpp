// SPDX-License-Identifier: Apache-2.0
// Reads CSV: one thread cuts the file into blocks of whole records, others parse and convert them, in order.
#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <future>
#include <limits>
#include <thread>
#include <utility>

#include "data/column_names.hpp"
#include "data/csv_block.hpp"
#include "data/csv_column.hpp"
#include "data/csv_dialect.hpp"
#include "data/record_scanner.hpp"
#include "data/table_reader.hpp"
#include "data/text_blocks.hpp"
#include "slalom/error.hpp"

namespace slalom {
namespace {

constexpr std::int64_t kMaxThreads = 16;

struct ConvertedBlock {
  CsvBlock block;
  std::vector<ColumnPiece> pieces;
};

ConvertedBlock convert_block(std::shared_ptr<const CsvLayout> layout, TextBlock text,
                             const std::vector<ColumnPlan>& plans) {
  ConvertedBlock converted{.block = CsvBlock(std::move(layout), std::move(text)), .pieces = {}};
  converted.pieces.reserve(plans.size());
  for (std::size_t i = 0; i < plans.size(); ++i) converted.pieces.push_back(converted.block.convert(i, plans[i]));
  return converted;
}

std::size_t max_blocks_in_flight() {
  const auto threads = static_cast<std::int64_t>(std::thread::hardware_concurrency());
  return static_cast<std::size_t>(std::clamp<std::int64_t>(threads, 1, kMaxThreads)) + 1;
}

void check_delimiter(char delimiter) {
  const bool is_usable = delimiter == '\t' || (delimiter >= ' ' && delimiter != '"' && delimiter != '\x7F');
  if (!is_usable) {
    throw UsageError("--delimiter: a quote, a line end or a control character cannot separate columns");
  }
}

class CsvReader : public TableReader {
 public:
  CsvReader(std::string path, ReadOptions options, ReadMode mode)
      : path_(std::move(path)), options_(std::move(options)), mode_(mode), blocks_(path_) {
    read_layout();
    blocks_.set_quoting(layout_->delimiter);
    const KnownKinds kinds(options_);
    for (const std::string& name : layout_->names) {
      std::optional<bool> kind = kinds.find(name);
      if (!kind && mode_ == ReadMode::kStream) kind = true;
      columns_.emplace_back(name, kind);
    }
  }

  std::optional<Table> next(std::int64_t max_bytes) override {
    Table table;
    table.source = path_;
    table.has_header = options_.has_header;
    table.first_row = n_rows_;
    std::int64_t n_bytes = 0;
    while (n_bytes < max_bytes || table.n_rows == 0) {
      launch();
      if (in_flight_.empty()) break;
      ConvertedBlock converted = in_flight_.front().get();
      in_flight_.pop_front();
      append(std::move(converted), table);
      n_bytes += last_block_bytes_;
    }
    if (table.n_rows == 0) return std::nullopt;
    n_rows_ += table.n_rows;
    for (const CsvColumn& column : columns_) column.check(path_);
    if (std::any_of(columns_.begin(), columns_.end(), [](const CsvColumn& c) { return c.needs_reread(); }))
      return reread();
    for (CsvColumn& column : columns_) table.columns.push_back(column.take());
    return table;
  }

 private:
  /// Delimiter and column names; leaves blocks_ at the first data record.
  void read_layout() {
    if (options_.delimiter != '\0') check_delimiter(options_.delimiter);
    CsvLayout layout{.source = path_, .delimiter = options_.delimiter, .names = {}};
    skip_blank_lines();
    const bool is_whole = blocks_.head().size() < TextBlocks::kBlockBytes;
    if (layout.delimiter == '\0') layout.delimiter = find_delimiter(blocks_.head(), is_whole);
    auto record = scan_record(blocks_.head(), 0, layout.delimiter);
    while (record && !record->is_terminated && blocks_.head().size() <= TextBlocks::kMaxRecordBytes && blocks_.grow()) {
      record = scan_record(blocks_.head(), 0, layout.delimiter);
    }
    if (!record) throw DataError(path_ + ": is empty");
    if (record->is_open) {
      throw DataError(fmt::format("{}, line {}: has a quote that is never closed", path_, blocks_.line()));
    }
    if (record->text.size() > TextBlocks::kMaxRecordBytes) blocks_.refuse_long_record();
    std::vector<std::string> fields = split_record(record->text, layout.delimiter);
    if (options_.has_header) {
      layout.names = header_names(path_, blocks_.line(), std::move(fields));
      blocks_.skip(record->next, record->n_lines);
    } else {
      for (std::size_t i = 0; i < fields.size(); ++i) layout.names.push_back(fmt::format("c{}", i));
    }
    layout_ = std::make_shared<const CsvLayout>(std::move(layout));
  }

  void skip_blank_lines() {
    bool only_blanks = true;
    while (only_blanks) {
      std::size_t offset = 0;
      std::int64_t n_lines = 0;
      while (const auto line = scan_record(blocks_.head(), offset, '\0')) {
        only_blanks = line->text.find_first_not_of(" \t") == std::string_view::npos;
        if (!only_blanks) break;
        offset = line->next;
        n_lines += line->is_terminated ? 1 : 0;
      }
      blocks_.skip(offset, n_lines);
      if (blocks_.head().empty()) return;
    }
  }

  /// Keeps the threads busy. The first block goes alone: it tells which columns are text.
  void launch() {
    const std::size_t limit = n_merged_ == 0 ? 1 : max_in_flight_;
    while (in_flight_.size() < limit) {
      std::optional<TextBlock> text = blocks_.next();
      if (!text) return;
      std::vector<ColumnPlan> plans;
      plans.reserve(columns_.size());
      for (const CsvColumn& column : columns_) plans.push_back(column.plan());
      // Copied into the task rather than moved: where no thread can be started, it is made a second time, deferred.
      const auto convert = [layout = layout_, text = std::make_shared<TextBlock>(*std::move(text)),
                            plans = std::move(plans)] { return convert_block(layout, std::move(*text), plans); };
      in_flight_.push_back(std::async(std::launch::async | std::launch::deferred, convert));
    }
  }

  void append(ConvertedBlock converted, Table& table) {
    ++n_merged_;
    last_block_bytes_ = converted.block.n_bytes();
    if (converted.block.n_rows() == 0) return;
    append_lines(converted.block, table);
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      columns_[i].append(converted.block, i, std::move(converted.pieces[i]));
    }
    table.n_rows += converted.block.n_rows();
  }

  static void append_lines(const CsvBlock& block, Table& table) {
    if (table.n_rows == 0) table.first_line = block.first_line();
    const std::int64_t shift = block.first_line() - table.first_line - table.n_rows;
    if (shift != shift_at(table.line_shifts, table.n_rows)) {
      table.line_shifts.push_back({.row = table.n_rows, .lines = shift});
    }
    for (const LineShift& inner : block.line_shifts()) {
      table.line_shifts.push_back({.row = table.n_rows + inner.row, .lines = shift + inner.lines});
    }
  }

  /// Reads the file again now that the kinds are known.
  std::optional<Table> reread() {
    ReadOptions options = options_;
    const KnownKinds kinds(options_);
    for (const CsvColumn& column : columns_) {
      const ColumnPlan plan = column.plan();
      const bool is_text = plan != ColumnPlan::kNumeric && plan != ColumnPlan::kInferNumbers;
      if (column.needs_reread() && !is_rereadable(path_)) {
        throw DataError(
            fmt::format("{}: column \"{}\" has text behind numbers and cannot be read again from a pipe; say "
                        "--categorical {}",
                        path_, column.name(), column.name()));
      }
      if (!kinds.find(column.name())) options.kinds.emplace_back(column.name(), is_text);
    }
    return CsvReader(path_, std::move(options), mode_).next(std::numeric_limits<std::int64_t>::max());
  }

  std::string path_;
  ReadOptions options_;
  ReadMode mode_;
  TextBlocks blocks_;
  std::shared_ptr<const CsvLayout> layout_;
  std::vector<CsvColumn> columns_;
  std::deque<std::future<ConvertedBlock>> in_flight_;
  std::size_t max_in_flight_ = max_blocks_in_flight();
  std::int64_t n_merged_ = 0;
  std::int64_t n_rows_ = 0;
  std::int64_t last_block_bytes_ = 0;
};

}  // namespace

std::unique_ptr<TableReader> open_csv(const std::string& path, const ReadOptions& options, ReadMode mode) {
  return std::make_unique<CsvReader>(path, options, mode);
}

}  // namespace slalom
