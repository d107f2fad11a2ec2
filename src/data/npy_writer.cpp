// SPDX-License-Identifier: Apache-2.0
// Writes numeric columns as one float64 .npy array in C order.
#include <fmt/format.h>

#include <bit>
#include <string_view>
#include <utility>

#include "data/atomic_file.hpp"
#include "data/cell_text.hpp"
#include "data/npy_header.hpp"
#include "data/table_writer.hpp"
#include "slalom/error.hpp"

namespace slalom {
namespace {

static_assert(std::endian::native == std::endian::little, "the .npy files written here are little-endian");

std::vector<OutputColumn> check_numeric(const std::string& path, std::vector<OutputColumn> columns) {
  for (const OutputColumn& column : columns) {
    if (column.is_categorical) {
      throw UsageError(
          fmt::format("{}: column {} is text, which .npy cannot hold; expected .csv, .tsv, .parquet or .feather", path,
                      quote_for_message(column.name)));
    }
  }
  return columns;
}

class NpyWriter : public TableWriter {
 public:
  NpyWriter(const std::string& path, std::vector<OutputColumn> columns)
      : TableWriter(check_numeric(path, std::move(columns))), file_(path) {
    file_.write(header());
  }

  void finish() override {
    file_.overwrite(0, header());
    file_.commit();
  }

 private:
  /// The number of rows is known only at the end; the header's length does not depend on it.
  [[nodiscard]] std::string header() const {
    return make_npy_header(n_rows_, columns().size() == 1 ? 0 : static_cast<std::int64_t>(columns().size()));
  }

  void append(const std::vector<Column>& columns) override {
    const std::int64_t n_rows = columns.front().size();
    row_.resize(columns.size());
    for (std::int64_t row = 0; row < n_rows; ++row) {
      for (std::size_t i = 0; i < columns.size(); ++i)
        row_[i] = columns[i].numeric().values[static_cast<std::size_t>(row)];
      file_.write({reinterpret_cast<const char*>(row_.data()), row_.size() * sizeof(double)});
    }
    n_rows_ += n_rows;
  }

  AtomicFile file_;
  std::int64_t n_rows_ = 0;
  std::vector<double> row_;
};

}  // namespace

std::unique_ptr<TableWriter> create_npy_writer(const std::string& path, std::vector<OutputColumn> columns) {
  return std::make_unique<NpyWriter>(path, std::move(columns));
}

}  // namespace slalom
