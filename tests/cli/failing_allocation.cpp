// SPDX-License-Identifier: Apache-2.0
// Fails allocations of a program that is started with this library in LD_PRELOAD. They are counted from main() on.
//   SLALOM_ALLOCATION_COUNT=FILE           writes how many there were
//   SLALOM_FAILING_ALLOCATIONS="A B S"     runs main() once for each n of A, A + S, ... up to B, in a process of its own,
//                                          whose n-th allocation fails; "A B S -": and all after it
//     SLALOM_FAILING_REPORT=FILE           a line for each: n, exit status (128 + signal), what became of the output
//                                          (old, new, broken), a tab, stderr with line ends as \n
//     SLALOM_FAILING_OUTPUT=FILE           a file that main() writes: before every run it is "old"; FILE.whole is what it
//                                          should be after success
// For glibc, whose __libc_* functions are what lies behind malloc and the others.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

extern "C" {
void* __libc_malloc(std::size_t);                 // NOLINT(bugprone-reserved-identifier)
void* __libc_calloc(std::size_t, std::size_t);    // NOLINT(bugprone-reserved-identifier)
void* __libc_realloc(void*, std::size_t);         // NOLINT(bugprone-reserved-identifier)
void* __libc_memalign(std::size_t, std::size_t);  // NOLINT(bugprone-reserved-identifier)
}

namespace {

using Main = int (*)(int, char**, char**);

constexpr const char* kErrors = ".errors";  // of the run that goes on

std::atomic<bool> counting{false};
std::atomic<long> count{0};
std::atomic<long> first_to_fail{0};  // 0: none
std::atomic<bool> all_after{false};
Main real_main = nullptr;

bool fails() {
  if (!counting.load(std::memory_order_relaxed)) return false;
  const long number = count.fetch_add(1) + 1;
  const long first = first_to_fail.load(std::memory_order_relaxed);
  const bool failing = first > 0 && (number == first || (all_after && number > first));
  if (failing) errno = ENOMEM;
  return failing;
}

std::string text_of(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Runs main() in a process of its own; returns its exit status.
int run_failing(long n, int argc, char** argv, char** environment) {
  const pid_t child = ::fork();
  if (child == 0) {
    const int errors = ::open(kErrors, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    const int nothing = ::open("/dev/null", O_WRONLY);
    if (::dup2(errors, STDERR_FILENO) < 0 || ::dup2(nothing, STDOUT_FILENO) < 0) ::_exit(127);
    first_to_fail = n;
    counting = true;
    std::exit(real_main(argc, argv, environment));
  }
  int status = 0;
  if (::waitpid(child, &status, 0) != child) return 127;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int sweep(const std::string& range, int argc, char** argv, char** environment) {
  long n = 0, last = 0, step = 1;
  std::string more;
  std::istringstream words(range);
  words >> n >> last >> step >> more;
  all_after = more == "-";
  const std::string output = text_of("SLALOM_FAILING_OUTPUT");
  std::ofstream report(text_of("SLALOM_FAILING_REPORT"));
  for (; n <= last; n += step) {
    if (!output.empty()) std::ofstream(output, std::ios::binary) << "old";
    const int status = run_failing(n, argc, argv, environment);
    const std::string made = output.empty() ? "" : content_of(output);
    const bool whole = output.empty() ? status == 0 : made == content_of(output + ".whole");
    report << n << ' ' << status << ' ' << (whole ? "new" : made.empty() || made == "old" ? "old" : "broken") << '\t';
    for (const char c : content_of(kErrors)) report << (c == '\n' ? "\\n" : std::string(1, c));
    report << '\n';
  }
  ::unlink(kErrors);
  return report.flush() ? 0 : 1;
}

int counted_main(int argc, char** argv, char** environment) {
  const std::string range = text_of("SLALOM_FAILING_ALLOCATIONS");
  if (!range.empty()) return sweep(range, argc, argv, environment);
  const std::string count_file = text_of("SLALOM_ALLOCATION_COUNT");
  counting = true;
  const int status = real_main(argc, argv, environment);
  counting = false;
  if (!count_file.empty()) std::ofstream(count_file) << count.load() << '\n';
  return status;
}

template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

int __libc_start_main(Main main, int argc, char** argv, void (*init)(), void (*fini)(),  // NOLINT
                      void (*loader_fini)(), void* stack_end) {
  real_main = main;
  return next<decltype(__libc_start_main)>("__libc_start_main")(counted_main, argc, argv, init, fini, loader_fini,
                                                                stack_end);
}

void* malloc(std::size_t bytes) { return fails() ? nullptr : __libc_malloc(bytes); }

void* calloc(std::size_t n, std::size_t bytes) { return fails() ? nullptr : __libc_calloc(n, bytes); }

void* realloc(void* old, std::size_t bytes) { return fails() ? nullptr : __libc_realloc(old, bytes); }

void* memalign(std::size_t alignment, std::size_t bytes) {
  return fails() ? nullptr : __libc_memalign(alignment, bytes);
}

void* aligned_alloc(std::size_t alignment, std::size_t bytes) {
  return fails() ? nullptr : __libc_memalign(alignment, bytes);
}

int posix_memalign(void** to, std::size_t alignment, std::size_t bytes) {
  void* const memory = fails() ? nullptr : __libc_memalign(alignment, bytes);
  if (memory == nullptr) return ENOMEM;
  *to = memory;
  return 0;
}

void* mmap(void* address, std::size_t bytes, int protection, int flags, int file, off_t offset) {
  static auto* const real = next<decltype(::mmap)>("mmap");
  return fails() ? MAP_FAILED : real(address, bytes, protection, flags, file, offset);
}

}  // extern "C"
