// SPDX-License-Identifier: Apache-2.0
// Names, creates and extends event files.
#include "report/tensorboard/event_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <slalom/error.hpp>

#include "report/tensorboard/crc32c.hpp"

namespace slalom::report {
namespace {

namespace fs = std::filesystem;

template <class Number>
void append_little_endian(std::string& text, Number number) {
  for (std::size_t byte = 0; byte < sizeof number; ++byte) text += static_cast<char>((number >> (8 * byte)) & 0xFFU);
}

/// The format stores checksums rotated and shifted, so that a checksum of data that holds checksums stays a good one.
std::uint32_t masked(std::uint32_t crc) { return ((crc >> 15U) | (crc << 17U)) + 0xA282EAD8U; }

constexpr const char* kBeginning = "events.out.tfevents.";
constexpr const char* kEnd = ".slalom";

/// Readers want "tfevents" in the name and go through a folder by the order of names.
std::string file_name() {
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) != 0 || host[0] == '\0') std::strcpy(host.data(), "localhost");
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(now).count();
  return fmt::format("{}{:010}.{:06}.{}.{}{}", kBeginning, microseconds / 1000000, microseconds % 1000000, host.data(),
                     getpid(), kEnd);
}

std::vector<fs::path> earlier_files(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (entry.is_regular_file() && name.starts_with(kBeginning) && name.ends_with(kEnd)) files.push_back(entry.path());
  }
  return files;
}

}  // namespace

std::string framed(std::string_view record) {
  std::string text;
  append_little_endian(text, std::uint64_t{record.size()});
  append_little_endian(text, masked(crc32c(text)));
  text += record;
  append_little_endian(text, masked(crc32c(record)));
  return text;
}

void remove_event_files(const fs::path& folder) {
  for (const fs::path& file : earlier_files(folder)) fs::remove(file);
}

EventFile::EventFile(std::string flag, const std::string& folder, bool keep_earlier) : flag_(std::move(flag)) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw OutputError(fmt::format("{}: {}: cannot create the folder: {}", flag_, folder, error.message()));
  std::vector<fs::path> replaced;
  if (!keep_earlier) replaced = earlier_files(folder);
  path_ = (fs::path(folder) / file_name()).string();
  const int created = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (created < 0) {
    throw OutputError(fmt::format("{}: {}: cannot create a file in it: {}", flag_, folder, std::strerror(errno)));
  }
  ::close(created);
  for (const fs::path& file : replaced) fs::remove(file);
}

void EventFile::append(std::span<const std::string> records) {
  std::string text;
  for (const std::string& record : records) text += framed(record);
  std::ofstream file(path_, std::ios::binary | std::ios::app);
  file << text << std::flush;
  if (!file) throw OutputError(flag_ + ": " + path_ + " cannot be written (disk full?)", ExitCode::kIo);
}

}  // namespace slalom::report
