// SPDX-License-Identifier: Apache-2.0
// Notices that an input file is not what it was any more.
#pragma once

#include <sys/stat.h>

#include <string>

namespace slalom {

/// Remembers which file a path names, its size and the time of its last change. What is read of a file that changes
/// meanwhile may be a mixture of old and new, whatever the format says of it. Not seen: a write that leaves the size,
/// within one tick of the clock that the system stamps files with (some milliseconds) after the watch began.
class FileWatch {
 public:
  /// Begins now. Nothing is watched if `path` is not a regular file (a pipe cannot be watched), or is not there.
  explicit FileWatch(std::string path);

  /// Throws Error (kIo), with what was found and expected, if the file has been removed, replaced by another one, cut,
  /// lengthened or written to.
  void check() const;

 private:
  std::string path_;
  bool is_regular_ = false;
  struct stat before_ {};
};

}  // namespace slalom
