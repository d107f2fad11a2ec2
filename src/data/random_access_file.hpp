// SPDX-License-Identifier: Apache-2.0
// A regular file of which parts are read by position.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace slalom {

/// Reads rather than maps: touching a mapping of a file that has become shorter, or of a disk that fails, would end the
/// process.
class RandomAccessFile {
 public:
  /// Throws as check_input_file, and InputError if `path` is not a regular file or cannot be opened.
  explicit RandomAccessFile(const std::string& path);
  ~RandomAccessFile();
  RandomAccessFile(const RandomAccessFile&) = delete;
  RandomAccessFile& operator=(const RandomAccessFile&) = delete;
  RandomAccessFile(RandomAccessFile&&) = delete;
  RandomAccessFile& operator=(RandomAccessFile&&) = delete;

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// Bytes when it was opened.
  [[nodiscard]] std::int64_t size() const noexcept { return size_; }

  /// Fills `out` with the bytes from `offset` on. Throws Error (kIo) if reading fails or the file ends before that.
  void read(std::int64_t offset, std::span<char> out) const;

 private:
  std::string path_;
  int descriptor_ = -1;
  std::int64_t size_ = 0;
};

}  // namespace slalom
