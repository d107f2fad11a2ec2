// SPDX-License-Identifier: Apache-2.0
// Writes Parquet and Arrow IPC (Feather version 2) files through Arrow.
#include <arrow/array.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/io/interfaces.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>

#include <cmath>
#include <exception>
#include <string_view>
#include <utility>

#include "data/atomic_file.hpp"
#include "data/table_writer.hpp"
#include "slalom/error.hpp"

namespace slalom {
namespace {

/// Lets Arrow write into an AtomicFile. No exception may pass through Arrow: the first one is kept for rethrow_error().
class AtomicOutputStream : public arrow::io::OutputStream {
 public:
  explicit AtomicOutputStream(const std::string& path) : file_(path) {}

  using arrow::io::OutputStream::Write;
  arrow::Status Write(const void* data, std::int64_t n_bytes) override {
    try {
      file_.write({static_cast<const char*>(data), static_cast<std::size_t>(n_bytes)});
      return arrow::Status::OK();
    } catch (const std::exception& exception) {
      if (!error_) error_ = std::current_exception();
      return arrow::Status::IOError(exception.what());
    }
  }
  arrow::Status Close() override {
    closed_ = true;
    return arrow::Status::OK();
  }
  arrow::Result<std::int64_t> Tell() const override { return file_.size(); }
  bool closed() const override { return closed_; }

  void rethrow_error() const {
    if (error_) std::rethrow_exception(error_);
  }
  AtomicFile& file() noexcept { return file_; }

 private:
  AtomicFile file_;
  bool closed_ = false;
  std::exception_ptr error_;
};

std::shared_ptr<arrow::Schema> schema_for(const std::vector<OutputColumn>& columns) {
  arrow::FieldVector fields;
  for (const OutputColumn& column : columns) {
    fields.push_back(arrow::field(column.name, column.is_categorical ? arrow::utf8() : arrow::float64()));
  }
  return arrow::schema(std::move(fields));
}

arrow::Result<std::shared_ptr<arrow::Array>> to_array(const NumericColumn& column) {
  arrow::DoubleBuilder builder;
  ARROW_RETURN_NOT_OK(builder.Reserve(static_cast<std::int64_t>(column.values.size())));
  for (const double value : column.values) {
    if (std::isnan(value)) {
      builder.UnsafeAppendNull();
    } else {
      builder.UnsafeAppend(value);
    }
  }
  return builder.Finish();
}

arrow::Result<std::shared_ptr<arrow::Array>> to_array(const CategoricalColumn& column) {
  arrow::StringBuilder builder;
  ARROW_RETURN_NOT_OK(builder.Reserve(static_cast<std::int64_t>(column.codes.size())));
  for (const std::int32_t code : column.codes) {
    if (code == CategoricalColumn::kMissing) {
      builder.UnsafeAppendNull();
    } else {
      ARROW_RETURN_NOT_OK(builder.Append(column.categories[static_cast<std::size_t>(code)]));
    }
  }
  return builder.Finish();
}

/// What the two formats share: converting pieces, and errors.
class ArrowWriter : public TableWriter {
 public:
  void finish() final {
    guard([&] { return close_format(); });
    stream_->file().commit();
  }

 protected:
  ArrowWriter(const std::string& path, std::vector<OutputColumn> columns)
      : TableWriter(std::move(columns)),
        schema_(schema_for(this->columns())),
        stream_(std::make_shared<AtomicOutputStream>(path)) {}

  /// Runs an Arrow call and throws what went wrong in it.
  template <class Call>
  void guard(const Call& call) {
    arrow::Status status;
    try {
      status = call();
    } catch (const std::bad_alloc&) {
      throw;
    } catch (const std::exception& exception) {  // Parquet throws where Arrow returns
      status = arrow::Status::IOError(exception.what());
    }
    if (status.ok()) return;
    stream_->rethrow_error();
    if (status.IsOutOfMemory()) throw std::bad_alloc();
    throw OutputError(stream_->file().path() + ": writing failed: " + status.message(), ExitCode::kIo);
  }

  [[nodiscard]] const std::shared_ptr<arrow::Schema>& schema() const noexcept { return schema_; }
  [[nodiscard]] const std::shared_ptr<AtomicOutputStream>& stream() const noexcept { return stream_; }

 private:
  virtual arrow::Status write_batch(const arrow::RecordBatch& batch) = 0;
  virtual arrow::Status close_format() = 0;

  void append(const std::vector<Column>& columns) final {
    guard([&]() -> arrow::Status {
      arrow::ArrayVector arrays;
      for (const Column& column : columns) {
        auto array = column.is_numeric() ? to_array(column.numeric()) : to_array(column.categorical());
        ARROW_RETURN_NOT_OK(array.status());
        arrays.push_back(*std::move(array));
      }
      return write_batch(*arrow::RecordBatch::Make(schema_, columns.front().size(), std::move(arrays)));
    });
  }

  std::shared_ptr<arrow::Schema> schema_;
  std::shared_ptr<AtomicOutputStream> stream_;
};

class ParquetWriter final : public ArrowWriter {
 public:
  ParquetWriter(const std::string& path, std::vector<OutputColumn> columns) : ArrowWriter(path, std::move(columns)) {
    guard([&]() -> arrow::Status {
      parquet::WriterProperties::Builder properties;
      properties.compression(parquet::Compression::SNAPPY);
      return parquet::arrow::FileWriter::Open(*schema(), arrow::default_memory_pool(), stream(), properties.build())
          .Value(&writer_);
    });
  }

 private:
  arrow::Status write_batch(const arrow::RecordBatch& batch) override { return writer_->WriteRecordBatch(batch); }
  arrow::Status close_format() override { return writer_->Close(); }

  std::unique_ptr<parquet::arrow::FileWriter> writer_;
};

class IpcWriter final : public ArrowWriter {
 public:
  IpcWriter(const std::string& path, std::vector<OutputColumn> columns) : ArrowWriter(path, std::move(columns)) {
    guard([&] { return arrow::ipc::MakeFileWriter(stream(), schema()).Value(&writer_); });
  }

 private:
  arrow::Status write_batch(const arrow::RecordBatch& batch) override { return writer_->WriteRecordBatch(batch); }
  arrow::Status close_format() override { return writer_->Close(); }

  std::shared_ptr<arrow::ipc::RecordBatchWriter> writer_;
};

}  // namespace

std::unique_ptr<TableWriter> create_parquet_writer(const std::string& path, std::vector<OutputColumn> columns) {
  return std::make_unique<ParquetWriter>(path, std::move(columns));
}

std::unique_ptr<TableWriter> create_ipc_writer(const std::string& path, std::vector<OutputColumn> columns) {
  return std::make_unique<IpcWriter>(path, std::move(columns));
}

}  // namespace slalom
