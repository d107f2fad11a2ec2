// SPDX-License-Identifier: Apache-2.0
// Reads NumPy arrays: a memory-mapped .npy file of features, and optionally a second one of targets.
#include <arrow/util/float16.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "data/column_names.hpp"
#include "data/mapped_file.hpp"
#include "data/npy_header.hpp"
#include "data/table_reader.hpp"
#include "data/typed_column.hpp"
#include "slalom/error.hpp"

namespace slalom {
namespace {

/// Rows that are copied for all columns in turn, so that a C-order slab is read from memory once.
constexpr std::int64_t kSlabRows = 256;

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
      : file_(path), header_(parse_npy_header(path, file_.bytes())) {
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

  /// Appends the columns of some rows to `table`.
  void read(RowRange rows, Table& table) {
    file_.check_not_cut();
    for (TypedColumn& column : columns_) column.reserve(rows.end - rows.begin);
    for (std::int64_t begin = rows.begin; begin < rows.end; begin += kSlabRows) {
      copy_slab({.begin = begin, .end = std::min(begin + kSlabRows, rows.end)});
    }
    for (TypedColumn& column : columns_) table.columns.push_back(column.take());
  }

 private:
  void copy_slab(RowRange rows) {
    switch (header_.type) {
      case NpyType::kBool: return copy(rows, as_number_from_bool);
      case NpyType::kInt8: return copy(rows, as_number<std::int8_t>);
      case NpyType::kInt16: return copy(rows, as_number<std::int16_t>);
      case NpyType::kInt32: return copy(rows, as_number<std::int32_t>);
      case NpyType::kInt64: return copy(rows, as_number<std::int64_t>);
      case NpyType::kUint8: return copy(rows, as_number<std::uint8_t>);
      case NpyType::kUint16: return copy(rows, as_number<std::uint16_t>);
      case NpyType::kUint32: return copy(rows, as_number<std::uint32_t>);
      case NpyType::kUint64: return copy(rows, as_number<std::uint64_t>);
      case NpyType::kFloat16: return copy(rows, as_number_from_half);
      case NpyType::kFloat32: return copy(rows, as_number<float>);
      case NpyType::kFloat64: return copy(rows, as_number<double>);
    }
  }

  template <class Convert>
  void copy(RowRange rows, const Convert& convert) {
    const std::int64_t size = bytes_of(header_.type);
    const std::int64_t row_step = header_.fortran_order ? size : size * header_.n_columns;
    const std::int64_t column_step = header_.fortran_order ? size * header_.n_rows : size;
    const char* column_start = file_.bytes().data() + header_.data_offset;
    for (TypedColumn& column : columns_) {
      for (std::int64_t row = rows.begin; row < rows.end; ++row)
        column.add_number(convert(column_start + row * row_step));
      column_start += column_step;
    }
  }

  MappedFile file_;
  NpyHeader header_;
  std::vector<TypedColumn> columns_;
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
