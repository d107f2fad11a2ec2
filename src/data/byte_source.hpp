// SPDX-License-Identifier: Apache-2.0
// The bytes of an input file in order, decompressed if it is gzip.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace slalom {

/// Throws InputError if `path` does not exist, is a directory or may not be read; DataError if it is an empty regular
/// file.
void check_input_file(const std::string& path);

/// Whether `path` can be read a second time: true for regular files, false for pipes and devices.
[[nodiscard]] bool is_rereadable(const std::string& path);

/// Reads a file or pipe from front to back. Gzip content (one or several members) is recognised by its first bytes, not
/// by the file name, and decompressed on the way.
class ByteSource {
 public:
  /// Opens `path`; throws as check_input_file.
  explicit ByteSource(const std::string& path);

  /// Appends up to `n` bytes to `out`, fewer only at the end; returns how many. Throws DataError if the gzip stream is
  /// corrupt or cut off; Error (kIo) if reading fails or the file has become shorter since it was opened.
  std::size_t read(std::size_t n, std::string& out);

 private:
  struct CloseGzip {
    void operator()(void* file) const noexcept;
  };
  void check_end() const;

  std::string path_;
  std::unique_ptr<void, CloseGzip> file_;
  std::int64_t expected_bytes_ = -1;  ///< size when opened; -1: not a regular file
  std::int64_t n_read_ = 0;
};

}  // namespace slalom
