// SPDX-License-Identifier: Apache-2.0
// Reads NumPy arrays: an .npy file of features, and optionally a second one of targets.
#include <arrow/util/float16.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

#include "data/column_names.hpp"
#include "data/npy_header.hpp"
#include "data/random_access_file.hpp"
#include "data/table_reader.hpp"
#include "data/typed_column.hpp"
#include "slalom/error.hpp"

namespace slalom {
namespace {

/// What is read at once: many rows to a call that are still in the cache when the last column is taken from them, and
/// of wide tables as many rows as make going from column to column worth while.
constexpr std::int64_t kSlabBytes = std::int64_t{1} << 18;
constexpr std::int64_t kWideSlabRows = 256;
constexpr std::int64_t kWideSlabBytes = std::int64_t{1} << 25;

struct RowRange {
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

template <class T>
double as_number(const char* at) {
  T value{};
  std::memcpy(&value, at, sizeof(T));
  return static_cast<double>(value);
}

double as_number_from_half(const char* at) {
  std::uint16_t bits = 0;
  std::memcpy(&bits, at, sizeof(bits));
  return arrow::util::Float16::FromBits(bits).ToDouble();
}

double as_number_from_bool(const char* at) { return *at == 0 ? 0.0 : 1.0; }

/// One .npy file and its columns.
class NpyArray {
 public:
  /// `prefix`: columns are called prefix0, prefix1, ..., or just `prefix` if it is "y" and there is one.
  NpyArray(const std::string& path, const ReadOptions& options, const std::string& prefix)
      : file_(path), header_(read_npy_header(file_)) {
    if (header_.n_rows == 0) return;
    if (header_.n_columns == 0) throw DataError(path + ": has no columns");
    const bool is_single_target = prefix == "y" && header_.n_columns == 1;
    const KnownKinds kinds(options);
    for (std::int64_t i = 0; i < header_.n_columns; ++i) {
      std::string name = is_single_target ? prefix : fmt::format("{}{}", prefix, i);
      const bool is_categorical = kinds.find(name).value_or(false);
      columns_.emplace_back(path, std::move(name), is_categorical);
    }
  }

  [[nodiscard]] std::int64_t n_rows() const noexcept { return header_.n_rows; }
  [[nodiscard]] std::int64_t row_bytes() const noexcept { return header_.n_columns * bytes_of(header_.type); }

  /// Appends the columns of some rows to `table`. Throws as RandomAccessFile::read.
  void read(RowRange rows, Table& table) {
    for (TypedColumn& column : columns_) column.reserve(rows.end - rows.begin);
    switch (header_.type) {
      case NpyType::kBool: convert(rows, as_number_from_bool); break;
      case NpyType::kInt8: convert(rows, as_number<std::int8_t>); break;
      case NpyType::kInt16: convert(rows, as_number<std::int16_t>); break;
      case NpyType::kInt32: convert(rows, as_number<std::int32_t>); break;
      case NpyType::kInt64: convert(rows, as_number<std::int64_t>); break;
      case NpyType::kUint8: convert(rows, as_number<std::uint8_t>); break;
      case NpyType::kUint16: convert(rows, as_number<std::uint16_t>); break;
      case NpyType::kUint32: convert(rows, as_number<std::uint32_t>); break;
      case NpyType::kUint64: convert(rows, as_number<std::uint64_t>); break;
      case NpyType::kFloat16: convert(rows, as_number_from_half); break;
      case NpyType::kFloat32: convert(rows, as_number<float>); break;
      case NpyType::kFloat64: convert(rows, as_number<double>); break;
    }
    for (TypedColumn& column : columns_) table.columns.push_back(column.take());
  }

 private:
  template <class Convert>
  void convert(RowRange rows, const Convert& number_at) {
    const std::int64_t size = bytes_of(header_.type);
    if (!header_.fortran_order) return convert_columns(columns_, row_bytes(), header_.data_offset, rows, number_at);
    std::int64_t offset = header_.data_offset;
    for (TypedColumn& column : columns_) {
      convert_columns({&column, 1}, size, offset, rows, number_at);
      offset += size * header_.n_rows;
    }
  }

  /// Converts `columns` whose elements lie side by side in rows of `row_step` bytes; row 0 begins at `offset`.
  template <class Convert>
  void convert_columns(std::span<TypedColumn> columns, std::int64_t row_step, std::int64_t offset, RowRange rows,
                       const Convert& number_at) {
    const std::int64_t slab_rows =
        std::max({kSlabBytes / row_step, std::min(kWideSlabRows, kWideSlabBytes / row_step), std::int64_t{1}});
    for (std::int64_t begin = rows.begin; begin < rows.end; begin += slab_rows) {
      const std::int64_t n_rows = std::min(slab_rows, rows.end - begin);
      slab_.resize(static_cast<std::size_t>(n_rows * row_step));
      file_.read(offset + begin * row_step, slab_);
      const char* element = slab_.data();
      for (TypedColumn& column : columns) {
        for (std::int64_t row = 0; row < n_rows; ++row) column.add_number(number_at(element + row * row_step));
        element += bytes_of(header_.type);
      }
    }
  }

  RandomAccessFile file_;
  NpyHeader header_;
  std::vector<TypedColumn> columns_;
  std::vector<char> slab_;
};

class NpyReader : public TableReader {
 public:
  NpyReader(std::string path, const ReadOptions& options) : path_(std::move(path)) {
    features_ = std::make_unique<NpyArray>(path_, options, "x");
    if (options.targets_path.empty()) return;
    targets_ = std::make_unique<NpyArray>(options.targets_path, options, "y");
    if (targets_->n_rows() != features_->n_rows()) {
      throw DataError(fmt::format("{}: has {} rows, expected {} as in {}", options.targets_path, targets_->n_rows(),
                                  features_->n_rows(), path_));
    }
  }

  std::optional<Table> next(std::int64_t max_bytes) override {
    const std::int64_t n_left = features_->n_rows() - n_rows_;
    if (n_left == 0) return std::nullopt;
    const std::int64_t n_rows = std::clamp<std::int64_t>(max_bytes / features_->row_bytes(), 1, n_left);
    Table table;
    table.source = path_;
    table.first_row = n_rows_;
    table.n_rows = n_rows;
    const RowRange rows{.begin = n_rows_, .end = n_rows_ + n_rows};
    features_->read(rows, table);
    if (targets_) targets_->read(rows, table);
    n_rows_ += n_rows;
    return table;
  }

 private:
  std::string path_;
  std::unique_ptr<NpyArray> features_;
  std::unique_ptr<NpyArray> targets_;
  std::int64_t n_rows_ = 0;
};

}  // namespace

std::unique_ptr<TableReader> open_npy(const std::string& path, const ReadOptions& options) {
  return std::make_unique<NpyReader>(path, options);
}

}  // namespace slalom
