// SPDX-License-Identifier: Apache-2.0
// A regular file of which parts are read by position.
#include "data/random_access_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "data/byte_source.hpp"
#include "slalom/error.hpp"

namespace slalom {

RandomAccessFile::RandomAccessFile(const std::string& path) : path_(path) {
  check_input_file(path);
  if (!is_rereadable(path)) throw InputError(path + ": is not a regular file, which this format needs");
  descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat status {};
  if (descriptor_ < 0 || ::fstat(descriptor_, &status) != 0) {
    const int error_number = errno;
    if (descriptor_ >= 0) ::close(descriptor_);
    throw InputError(fmt::format("{}: cannot be opened: {}", path, std::generic_category().message(error_number)));
  }
  size_ = status.st_size;
}

RandomAccessFile::~RandomAccessFile() { ::close(descriptor_); }

void RandomAccessFile::read(std::int64_t offset, std::span<char> out) const {
  while (!out.empty()) {
    const ssize_t got = ::pread(descriptor_, out.data(), out.size(), offset);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      throw Error(ExitCode::kIo, fmt::format("{}: reading failed: {}", path_, std::generic_category().message(errno)));
    }
    if (got == 0) throw Error(ExitCode::kIo, fmt::format("{}: ended after {} of {} bytes", path_, offset, size_));
    offset += got;
    out = out.subspan(static_cast<std::size_t>(got));
  }
}

}  // namespace slalom
