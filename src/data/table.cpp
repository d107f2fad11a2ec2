// SPDX-License-Identifier: Apache-2.0
// Tables: finding columns, naming places in the file, and reading files of any format.
#include "slalom/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "core/host_memory.hpp"
#include "data/file_watch.hpp"
#include "data/format.hpp"
#include "data/table_reader.hpp"
#include "slalom/error.hpp"

namespace slalom {
namespace {

std::unique_ptr<TableReader> open_reader(const std::string& path, const ReadOptions& options, ReadMode mode) {
  const FileFormat format = find_format(path, options.format);
  if (!options.targets_path.empty() && format != FileFormat::kNpy) {
    throw UsageError(fmt::format("{}: a separate targets file goes with .npy data only", path));
  }
  switch (format) {
    case FileFormat::kParquet: return open_parquet(path, options);
    case FileFormat::kFeather: return open_ipc(path, options);
    case FileFormat::kNpy: return open_npy(path, options);
    case FileFormat::kLibsvm: return open_libsvm(path, options, mode);
    case FileFormat::kCsv: break;
  }
  return open_csv(path, options, mode);
}

/// An open file that must stay as it is. If it has changed, that is the error, whatever its reader makes of it.
class OpenTable {
 public:
  OpenTable(const std::string& path, const ReadOptions& options, ReadMode mode)
      : data_(path), targets_(options.targets_path) {
    watched([&] { reader_ = open_reader(path, options, mode); });
  }

  /// As TableReader::next; throws Error (kIo) if the file has changed.
  std::optional<Table> next(std::int64_t max_bytes) {
    std::optional<Table> piece;
    watched([&] { piece = reader_->next(max_bytes); });
    return piece;
  }

 private:
  template <class Action>
  void watched(const Action& action) const {
    try {
      action();
    } catch (const Error&) {
      check();
      throw;
    }
    check();
  }
  void check() const {
    data_.check();
    targets_.check();
  }

  FileWatch data_;
  FileWatch targets_;
  std::unique_ptr<TableReader> reader_;
};

[[noreturn]] void throw_no_rows(const std::string& path, const ReadOptions& options) {
  const bool is_csv = find_format(path, options.format) == FileFormat::kCsv;
  throw DataError(path + (is_csv && options.has_header ? ": has a header but no data rows" : ": has no data rows"));
}

}  // namespace

std::int64_t shift_at(const std::vector<LineShift>& shifts, std::int64_t row) noexcept {
  const auto after = std::upper_bound(shifts.begin(), shifts.end(), row,
                                      [](std::int64_t value, const LineShift& shift) { return value < shift.row; });
  return after == shifts.begin() ? 0 : std::prev(after)->lines;
}

std::optional<std::size_t> Table::find(const std::string& name) const {
  const auto found =
      std::find_if(columns.begin(), columns.end(), [&](const Column& column) { return column.name() == name; });
  if (found == columns.end()) return std::nullopt;
  return static_cast<std::size_t>(found - columns.begin());
}

std::string Table::place(std::int64_t row) const {
  if (first_line == 0) return fmt::format("{}, row {}", source, first_row + row);
  return fmt::format("{}, line {}", source, first_line + row + shift_at(line_shifts, row));
}

Table read_table(const std::string& path, const ReadOptions& options) {
  return core::name_shortage("reading ", path, [&] {
    auto table = OpenTable(path, options, ReadMode::kWhole).next(std::numeric_limits<std::int64_t>::max());
    if (!table) throw_no_rows(path, options);
    return *std::move(table);
  });
}

void stream_table(const std::string& path, const ReadOptions& options,
                  const std::function<void(const Table&)>& consume) {
  if (options.block_bytes < 1) throw UsageError("block_bytes must be positive");
  OpenTable table = core::name_shortage("reading ", path, [&] { return OpenTable(path, options, ReadMode::kStream); });
  const auto next = [&] {
    return core::name_shortage("reading ", path, [&] { return table.next(options.block_bytes); });
  };
  bool any = false;
  while (const auto piece = next()) {
    any = true;
    consume(*piece);
  }
  if (!any) throw_no_rows(path, options);
}

}  // namespace slalom
