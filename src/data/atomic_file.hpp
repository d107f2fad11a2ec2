// SPDX-License-Identifier: Apache-2.0
// An output file that appears under its name only when it is complete.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace slalom {

/// Writes to a temporary file beside `path`; commit() makes it durable and renames it over `path`, so that readers see
/// the old file or the whole new one, never a part. Without commit() the destructor removes the temporary and `path`
/// stays as it was. Where the file system can (O_TMPFILE), the temporary has no name until then, so that a process that
/// is killed leaves none. A symbolic link is followed, and what is not a regular file (a pipe, /dev/null) is written
/// directly, without a temporary. Not for use by several threads at once.
class AtomicFile {
 public:
  /// Opens the temporary. Throws OutputError (kCannotCreate) naming `path` if its folder is missing or not writable, if
  /// `path` is a folder or a read-only file: so an output that cannot be written is found before the work for it
  /// starts.
  explicit AtomicFile(std::string path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  AtomicFile(AtomicFile&&) = delete;
  AtomicFile& operator=(AtomicFile&&) = delete;

  /// Appends bytes (buffered). Throws OutputError (kIo), for instance when the disk is full.
  void write(std::string_view bytes);

  /// Replaces bytes already written, starting at `offset`: for headers whose content is known only at the end.
  /// Requires offset + bytes.size() <= size(). Throws OutputError (kIo), also if the output is a pipe.
  void overwrite(std::int64_t offset, std::string_view bytes);

  /// Bytes written so far.
  [[nodiscard]] std::int64_t size() const noexcept { return size_; }

  /// The path as the caller gave it.
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

  /// Flushes, synchronises with the disk, and renames. Call once, as the last thing. Throws OutputError (kIo).
  void commit();

 private:
  void flush();
  void discard() noexcept;
  template <class Make>
  int name_temporary(const Make& make);
  [[noreturn]] void fail_write(int error_number);

  std::string path_;       ///< as given, for messages
  std::string target_;     ///< path_ with symbolic links resolved
  std::string temporary_;  ///< empty: target_ is written directly, or there is no name to remove
  bool nameless_ = false;  ///< the temporary gets its name in commit()
  std::string buffer_;
  std::int64_t size_ = 0;
  int descriptor_ = -1;
};

/// Writes a whole file: AtomicFile, write, commit.
void write_file(const std::string& path, std::string_view bytes);

}  // namespace slalom
