// SPDX-License-Identifier: Apache-2.0
// The bytes of an input file in order, decompressed if it is gzip.
#include "data/byte_source.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <system_error>

#include "slalom/error.hpp"

namespace slalom {
namespace {

constexpr unsigned kInputBufferBytes = 1U << 18;
constexpr std::size_t kMaxReadBytes = std::size_t{1} << 30;  // gzread counts in int

gzFile as_gzip(void* file) noexcept { return static_cast<gzFile>(file); }

struct stat status_of(const std::string& path) {
  struct stat status {};
  if (path.empty()) throw InputError("\"\": the file name is empty");
  if (::stat(path.c_str(), &status) != 0) {
    const int error_number = errno;
    if (error_number == ENOENT) throw InputError(path + ": no such file");
    throw InputError(fmt::format("{}: cannot be opened: {}", path, std::generic_category().message(error_number)));
  }
  if (S_ISDIR(status.st_mode)) throw InputError(path + ": is a directory, expected a file");
  return status;
}

}  // namespace

void check_input_file(const std::string& path) {
  const struct stat status = status_of(path);
  if (::access(path.c_str(), R_OK) != 0) {
    throw InputError(fmt::format("{}: cannot be opened: {}", path, std::generic_category().message(errno)));
  }
  if (S_ISREG(status.st_mode) && status.st_size == 0) throw DataError(path + ": is empty");
}

bool is_rereadable(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

ByteSource::ByteSource(const std::string& path) : path_(path) {
  check_input_file(path);
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    throw InputError(fmt::format("{}: cannot be opened: {}", path, std::generic_category().message(errno)));
  }
  struct stat status {};
  if (::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode)) expected_bytes_ = status.st_size;
  file_.reset(gzdopen(descriptor, "rb"));  // reads plain files too, unchanged
  if (!file_) {
    ::close(descriptor);
    throw std::bad_alloc();  // the only reason that gzdopen has
  }
  gzbuffer(as_gzip(file_.get()), kInputBufferBytes);
}

void ByteSource::CloseGzip::operator()(void* file) const noexcept { gzclose_r(as_gzip(file)); }

std::size_t ByteSource::read(std::size_t n, std::string& out) {
  const std::size_t start = out.size();
  out.resize(start + n);
  std::size_t done = 0;
  while (done < n) {
    const auto chunk = static_cast<unsigned>(std::min(n - done, kMaxReadBytes));
    const int got = gzread(as_gzip(file_.get()), out.data() + start + done, chunk);
    if (got < 0) {
      int code = Z_OK;
      const std::string why = gzerror(as_gzip(file_.get()), &code);
      if (code == Z_ERRNO) {
        throw Error(ExitCode::kIo,
                    fmt::format("{}: reading failed: {}", path_, std::generic_category().message(errno)));
      }
      if (code == Z_MEM_ERROR) throw std::bad_alloc();
      throw DataError(fmt::format("{}: the gzip content is corrupt or cut off", path_));
    }
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  out.resize(start + done);
  n_read_ += static_cast<std::int64_t>(done);
  if (done < n) check_end();
  return done;
}

void ByteSource::check_end() const {
  int code = Z_OK;
  gzerror(as_gzip(file_.get()), &code);
  if (code == Z_BUF_ERROR) throw DataError(fmt::format("{}: the gzip content is corrupt or cut off", path_));
  if (gzdirect(as_gzip(file_.get())) != 0 && n_read_ < expected_bytes_) {
    throw Error(ExitCode::kIo, fmt::format("{}: ended after {} of {} bytes", path_, n_read_, expected_bytes_));
  }
}

}  // namespace slalom
