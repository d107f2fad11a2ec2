// SPDX-License-Identifier: Apache-2.0
// A file mapped read-only into memory.
#pragma once

#include <string>
#include <string_view>

namespace slalom {

/// The mapping lasts as long as the object. The content must not be touched once the file has become shorter (the
/// system ends the process then): call check_not_cut() before each larger use.
class MappedFile {
 public:
  /// Throws as check_input_file, and Error (kIo) if `path` cannot be mapped (a pipe, for instance).
  explicit MappedFile(const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  MappedFile(MappedFile&&) = delete;
  MappedFile& operator=(MappedFile&&) = delete;

  [[nodiscard]] std::string_view bytes() const noexcept { return bytes_; }

  /// Throws DataError if the file is shorter than when it was mapped.
  void check_not_cut() const;

 private:
  std::string path_;
  int descriptor_ = -1;
  std::string_view bytes_;
};

}  // namespace slalom
