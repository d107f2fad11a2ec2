// SPDX-License-Identifier: Apache-2.0
// What reading Parquet and Arrow IPC files has in common: record batches become pieces of a table.
#include "data/arrow_reader.hpp"

#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <utility>
#include <vector>

#include "data/arrow_column.hpp"
#include "data/arrow_error.hpp"
#include "data/column_names.hpp"

namespace slalom {
namespace {

class ArrowReader : public TableReader {
 public:
  ArrowReader(std::string path, const ReadOptions& options, const arrow::Schema& schema, NextBatch next_batch)
      : path_(std::move(path)), next_batch_(std::move(next_batch)) {
    check_column_names(path_, schema.field_names());
    const KnownKinds kinds(options);
    for (const auto& field : schema.fields()) {
      const bool by_type = is_categorical_type(*field->type(), path_, field->name());
      columns_.emplace_back(path_, field->name(), kinds.find(field->name()).value_or(by_type));
    }
  }

  std::optional<Table> next(std::int64_t max_bytes) override {
    Table table;
    table.source = path_;
    table.first_row = n_rows_;
    const auto row_bytes = static_cast<std::int64_t>(columns_.size() * sizeof(double));
    while (table.n_rows == 0 || table.n_rows < max_bytes / row_bytes) {
      const auto batch = read_batch();
      if (!batch) break;
      for (std::size_t i = 0; i < columns_.size(); ++i) append_array(*batch->column(static_cast<int>(i)), columns_[i]);
      table.n_rows += batch->num_rows();
    }
    if (table.n_rows == 0) return std::nullopt;
    n_rows_ += table.n_rows;
    for (TypedColumn& column : columns_) table.columns.push_back(column.take());
    return table;
  }

 private:
  std::shared_ptr<arrow::RecordBatch> read_batch() {
    return guard_arrow(path_, [&] {
      auto batch = check_arrow(next_batch_(), path_);
      if (batch) check_arrow(batch->ValidateFull(), path_);  // offsets and indices in a corrupt file may point anywhere
      return batch;
    });
  }

  std::string path_;
  NextBatch next_batch_;
  std::vector<TypedColumn> columns_;
  std::int64_t n_rows_ = 0;
};

}  // namespace

std::unique_ptr<TableReader> make_arrow_reader(const std::string& path, const ReadOptions& options,
                                               const arrow::Schema& schema, NextBatch next_batch) {
  return std::make_unique<ArrowReader>(path, options, schema, std::move(next_batch));
}

}  // namespace slalom
