// SPDX-License-Identifier: Apache-2.0
// A file of framed records that TensorBoard finds by its name.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace slalom::report {

/// A record's frame: length (uint64), masked CRC-32C of the length, the record, masked CRC-32C of the record; all
/// numbers little-endian (TensorFlow's TFRecord).
[[nodiscard]] std::string framed(std::string_view record);

/// Takes slalom's event files, and no one else's, out of a folder.
void remove_event_files(const std::filesystem::path& folder);

/// Grows by whole batches of records. It is open only while it is written to, so that a run of a thousand members does
/// not run out of file handles.
class EventFile {
 public:
  /// Creates `folder` if it is missing, and in it a new, empty file whose name sorts after those of earlier files. It
  /// takes the place of slalom's earlier event files there (no one else's) unless `keep_earlier`. Throws OutputError
  /// that begins with `flag` if it cannot.
  EventFile(std::string flag, const std::string& folder, bool keep_earlier);

  /// Appends the records and hands them to the operating system: a crash of this process loses none of them. Throws
  /// OutputError (kIo).
  void append(std::span<const std::string> records);

  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  std::string flag_, path_;
};

}  // namespace slalom::report
