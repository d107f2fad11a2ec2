// SPDX-License-Identifier: Apache-2.0
// A file mapped read-only into memory.
#include "data/mapped_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "data/byte_source.hpp"
#include "slalom/error.hpp"

namespace slalom {

MappedFile::MappedFile(const std::string& path) : path_(path) {
  check_input_file(path);
  if (!is_rereadable(path)) throw InputError(path + ": is not a regular file, which this format needs");
  descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat status {};
  void* start = MAP_FAILED;
  if (descriptor_ >= 0 && ::fstat(descriptor_, &status) == 0) {
    start = ::mmap(nullptr, static_cast<std::size_t>(status.st_size), PROT_READ, MAP_PRIVATE, descriptor_, 0);
  }
  if (start == MAP_FAILED) {
    const int error_number = errno;
    if (descriptor_ >= 0) ::close(descriptor_);
    throw Error(ExitCode::kIo, fmt::format("{}: cannot be mapped into memory: {}", path,
                                           std::generic_category().message(error_number)));
  }
  bytes_ = {static_cast<const char*>(start), static_cast<std::size_t>(status.st_size)};
}

MappedFile::~MappedFile() {
  ::munmap(const_cast<char*>(bytes_.data()), bytes_.size());
  ::close(descriptor_);
}

void MappedFile::check_not_cut() const {
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0 || static_cast<std::size_t>(status.st_size) < bytes_.size()) {
    throw DataError(
        fmt::format("{}: has become shorter while it was read ({} of {} bytes)", path_, status.st_size, bytes_.size()));
  }
}

}  // namespace slalom
