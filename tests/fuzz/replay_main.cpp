// SPDX-License-Identifier: Apache-2.0
// Runs a harness over every file of a folder, for builds without libFuzzer: in little memory, and for a bounded time.
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr rlim_t kAddressSpace = rlim_t{2} << 30;  // of all inputs together; a claim of terabytes does not fit
constexpr unsigned kSecondsPerInput = 30;          // then SIGALRM ends the process

std::vector<std::uint8_t> content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 || !std::filesystem::is_directory(argv[1])) {
    std::fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
    return 64;
  }
#if !defined(SLALOM_SANITIZER_TAKES_ADDRESSES)  // terabytes of them
  const rlimit limit{kAddressSpace, kAddressSpace};
  if (::setrlimit(RLIMIT_AS, &limit) != 0) return 71;
#endif
  ::setenv("ARROW_DEFAULT_MEMORY_POOL", "system", 1);  // its others reserve more than they use
  std::vector<std::filesystem::path> paths(std::filesystem::directory_iterator(argv[1]), {});
  std::sort(paths.begin(), paths.end());
  if (paths.empty()) {
    std::fprintf(stderr, "%s: has no inputs\n", argv[1]);
    return 66;
  }
  for (const std::filesystem::path& path : paths) {
    std::printf("%s\n", path.filename().c_str());
    std::fflush(stdout);  // the last line names the input that ends the process
    const std::vector<std::uint8_t> bytes = content_of(path);
    ::alarm(kSecondsPerInput);
    try {
      LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s: %s\n", path.c_str(), error.what());
      return 1;
    }
  }
  std::printf("%zu inputs\n", paths.size());
  return 0;
}
