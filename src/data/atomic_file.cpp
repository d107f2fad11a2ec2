// SPDX-License-Identifier: Apache-2.0
// An output file that appears under its name only when it is complete.
#include "data/atomic_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "slalom/error.hpp"

namespace slalom {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBufferBytes = std::size_t{1} << 18;
constexpr int kNameAttempts = 1000;
constexpr mode_t kPermissions = 0666;  // less the umask

std::string reason(int error_number) { return std::generic_category().message(error_number); }

[[noreturn]] void fail_create(const std::string& path, const std::string& why) {
  throw OutputError(fmt::format("{}: cannot be written: {}", path, why), ExitCode::kCannotCreate);
}

int open_retrying(const std::string& path, int flags) {
  int descriptor = -1;
  do {
    descriptor = ::open(path.c_str(), flags, kPermissions);
  } while (descriptor < 0 && errno == EINTR);
  return descriptor;
}

/// Writes all bytes at the file position; returns 0 or the error number.
int write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return errno;
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

/// The same, at `offset`, leaving the file position alone.
int write_all_at(int descriptor, std::int64_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(descriptor, bytes.data(), bytes.size(), offset);
    if (written < 0) {
      if (errno == EINTR) continue;
      return errno;
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
    offset += written;
  }
  return 0;
}

/// Makes the rename itself durable; returns 0 or the error number. Nothing can be done about folders that may not be
/// read, and on file systems that cannot synchronise one.
int sync_folder(const fs::path& folder) noexcept {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return 0;
  const int error_number = ::fsync(descriptor) == 0 ? 0 : errno;
  ::close(descriptor);
  return error_number == EINVAL || error_number == ENOTSUP || error_number == EROFS ? 0 : error_number;
}

std::string path_of_descriptor(int descriptor) { return fmt::format("/proc/self/fd/{}", descriptor); }

/// A file in `folder` that has no name yet, so that nothing is left of it even if the process is killed; -1 where the
/// file system or the system knows no such thing.
int open_nameless([[maybe_unused]] const fs::path& folder) {
#if defined(O_TMPFILE)
  const int descriptor = open_retrying(folder.string(), O_WRONLY | O_TMPFILE | O_CLOEXEC);
  if (descriptor < 0 || ::access(path_of_descriptor(descriptor).c_str(), F_OK) == 0) return descriptor;
  ::close(descriptor);
#endif
  return -1;
}

fs::path folder_of(const std::string& target) {
  const fs::path folder = fs::path(target).parent_path();
  return folder.empty() ? fs::path(".") : folder;
}

}  // namespace

AtomicFile::AtomicFile(std::string path) : path_(std::move(path)), target_(path_) {
  if (path_.empty()) fail_create("\"\"", "the file name is empty");
  std::error_code ignored;
  if (fs::is_symlink(path_, ignored)) {
    const fs::path resolved = fs::weakly_canonical(path_, ignored);
    if (!ignored) target_ = resolved.string();
  }
  struct stat status {};
  const bool exists = ::stat(target_.c_str(), &status) == 0;
  if (exists && S_ISDIR(status.st_mode)) fail_create(path_, "it is a directory");
  if (exists && ::access(target_.c_str(), W_OK) != 0) fail_create(path_, reason(errno));
  buffer_.reserve(kBufferBytes);
  if (exists && !S_ISREG(status.st_mode)) {
    descriptor_ = open_retrying(target_, O_WRONLY | O_CLOEXEC);
    if (descriptor_ < 0) fail_create(path_, reason(errno));
    return;
  }
  const fs::path folder = folder_of(target_);
  if (!fs::is_directory(folder, ignored)) fail_create(path_, "there is no directory " + folder.string());
  descriptor_ = open_nameless(folder);
  if (descriptor_ >= 0) {
    nameless_ = true;
  } else {
    const auto open = [&] {
      descriptor_ = open_retrying(temporary_, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC);
      return descriptor_ >= 0;
    };
    const int error_number = name_temporary(open);
    if (error_number != 0) fail_create(path_, reason(error_number));
  }
  if (exists) ::fchmod(descriptor_, status.st_mode & 07777);  // keep the permissions of the file that is replaced
}

AtomicFile::~AtomicFile() { discard(); }

/// Makes `temporary_` a name beside the target with which make() succeeds; returns 0 or the error number.
template <class Make>
int AtomicFile::name_temporary(const Make& make) {
  const fs::path target(target_);
  for (int attempt = 0; attempt < kNameAttempts; ++attempt) {
    const std::string name = fmt::format(".{}.{}.{}.tmp", target.filename().string(), ::getpid(), attempt);
    temporary_ = (folder_of(target_) / name).string();
    if (make()) return 0;
    if (errno != EEXIST) break;
  }
  const int error_number = errno;
  temporary_.clear();
  return error_number;
}

void AtomicFile::discard() noexcept {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
  temporary_.clear();
}

void AtomicFile::fail_write(int error_number) {
  discard();
  throw OutputError(fmt::format("{}: writing failed after {} bytes: {}", path_, size_, reason(error_number)),
                    ExitCode::kIo);
}

void AtomicFile::flush() {
  const int error_number = write_all(descriptor_, buffer_);
  if (error_number != 0) fail_write(error_number);
  buffer_.clear();
}

void AtomicFile::write(std::string_view bytes) {
  if (descriptor_ < 0) fail_write(EBADF);
  if (buffer_.size() + bytes.size() > kBufferBytes) flush();
  if (bytes.size() >= kBufferBytes) {
    const int error_number = write_all(descriptor_, bytes);
    if (error_number != 0) fail_write(error_number);
  } else {
    buffer_.append(bytes);
  }
  size_ += static_cast<std::int64_t>(bytes.size());
}

void AtomicFile::overwrite(std::int64_t offset, std::string_view bytes) {
  if (descriptor_ < 0) fail_write(EBADF);
  if (offset < 0 || offset + static_cast<std::int64_t>(bytes.size()) > size_) fail_write(EINVAL);
  flush();
  const int error_number = write_all_at(descriptor_, offset, bytes);
  if (error_number != 0) fail_write(error_number);
}

void AtomicFile::commit() {
  if (descriptor_ < 0) fail_write(EBADF);
  flush();
  const bool replaces = nameless_ || !temporary_.empty();
  if (replaces && ::fsync(descriptor_) != 0) fail_write(errno);
  if (nameless_) {
    const std::string open_file = path_of_descriptor(descriptor_);
    const auto link = [&] {
      return ::linkat(AT_FDCWD, open_file.c_str(), AT_FDCWD, temporary_.c_str(), AT_SYMLINK_FOLLOW) == 0;
    };
    const int error_number = name_temporary(link);
    if (error_number != 0) fail_write(error_number);
  }
  const int descriptor = std::exchange(descriptor_, -1);
  if (::close(descriptor) != 0) fail_write(errno);
  if (!replaces) return;
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) fail_write(errno);
  temporary_.clear();
  const int error_number = sync_folder(folder_of(target_));
  if (error_number != 0) fail_write(error_number);
}

void write_file(const std::string& path, std::string_view bytes) {
  AtomicFile file(path);
  file.write(bytes);
  file.commit();
}

}  // namespace slalom
