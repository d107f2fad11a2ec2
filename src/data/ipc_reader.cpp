// SPDX-License-Identifier: Apache-2.0
// Reads Arrow IPC files (Feather version 2) and IPC streams batch by batch.
#include <arrow/buffer.h>
#include <arrow/io/file.h>
#include <arrow/ipc/reader.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <string_view>

#include "data/arrow_error.hpp"
#include "data/arrow_reader.hpp"
#include "data/byte_source.hpp"

namespace slalom {
namespace {

constexpr std::string_view kFileMagic = "ARROW1";
constexpr std::string_view kFeather1Magic = "FEA1";

std::unique_ptr<TableReader> open_file(const std::string& path, const ReadOptions& options,
                                       const std::shared_ptr<arrow::io::ReadableFile>& input) {
  const auto file = check_arrow(arrow::ipc::RecordBatchFileReader::Open(input), path);
  int next = 0;
  return make_arrow_reader(path, options, *file->schema(),
                           [file, next]() mutable -> arrow::Result<std::shared_ptr<arrow::RecordBatch>> {
                             if (next >= file->num_record_batches()) return nullptr;
                             return file->ReadRecordBatch(next++);
                           });
}

}  // namespace

std::unique_ptr<TableReader> open_ipc(const std::string& path, const ReadOptions& options) {
  check_input_file(path);
  return guard_arrow(path, [&]() -> std::unique_ptr<TableReader> {
    // Not memory-mapped: a file that shrinks while it is read would end the process.
    auto input = check_arrow(arrow::io::ReadableFile::Open(path), path);
    const auto start = check_arrow(input->ReadAt(0, static_cast<std::int64_t>(kFileMagic.size())), path);
    const std::string_view magic(reinterpret_cast<const char*>(start->data()), static_cast<std::size_t>(start->size()));
    if (magic == kFileMagic) return open_file(path, options, input);
    if (magic.starts_with(kFeather1Magic)) {
      throw DataError(path + ": is Feather version 1, expected version 2 (write it again with a current pyarrow)");
    }
    check_arrow(input->Seek(0), path);
    const std::shared_ptr<arrow::RecordBatchReader> stream =
        check_arrow(arrow::ipc::RecordBatchStreamReader::Open(std::move(input)), path);
    return make_arrow_reader(path, options, *stream->schema(), [stream] { return stream->Next(); });
  });
}

}  // namespace slalom
