// SPDX-License-Identifier: Apache-2.0
// Runs that are killed at random moments come to the model of a run that is not, byte for byte.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <set>
#include <sstream>
#include <thread>
#include <vector>

#include "cli/command_line.hpp"
#include "support/sanitized.hpp"

namespace slalom::testing {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kKillsARun = 5;
constexpr int kKillsACase = kSanitized ? kKillsARun : 10;

class Kill : public CommandLine, public ::testing::WithParamInterface<const char*> {
 protected:
  /// Starts the binary itself, without a shell in between.
  [[nodiscard]] pid_t start(const std::string& arguments) const {
    std::istringstream words("slalom " + arguments);
    std::vector<std::string> texts;
    for (std::string word; words >> word;) texts.push_back(word);
    std::vector<char*> argv;
    for (std::string& text : texts) argv.push_back(text.data());
    argv.push_back(nullptr);
    const pid_t child = ::fork();
    if (child != 0) return child;
    const int log = ::open((folder() / "log.txt").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (::chdir(folder().c_str()) == 0 && ::dup2(log, 2) == 2) ::execv(SLALOM_BINARY, argv.data());
    ::_exit(127);
  }

  /// The newest checkpoint; empty if there is none.
  [[nodiscard]] std::string newest() const {
    std::string name;
    std::error_code error;
    for (std::filesystem::directory_iterator it(folder() / "ck", error), end; !error && it != end;
         it.increment(error)) {
      const std::string other = it->path().filename().string();
      if (other.starts_with("step-")) name = std::max(name, other);
    }
    return name;
  }

  /// Runs and kills after `delay`, which begins at once or, with `after_progress`, when a new checkpoint is there.
  /// Returns whether the run ended by itself before, and then with success.
  [[nodiscard]] bool ends_before_kill(const std::string& arguments, bool after_progress, Clock::duration delay) const {
    const std::string before = newest();
    const pid_t child = start(arguments);
    int status = 0;
    pid_t ended = 0;
    while (after_progress && ended == 0 && newest() == before) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      ended = ::waitpid(child, &status, WNOHANG);
    }
    if (ended == 0) {
      std::this_thread::sleep_for(delay);
      ::kill(child, SIGKILL);
      ended = ::waitpid(child, &status, 0);
    }
    EXPECT_EQ(ended, child);
    if (WIFSIGNALED(status)) {
      EXPECT_EQ(WTERMSIG(status), SIGKILL) << read("log.txt");
      return false;
    }
    EXPECT_EQ(WEXITSTATUS(status), 0) << read("log.txt");
    return true;
  }

  /// Epochs and losses of a metrics log, without times and memory.
  [[nodiscard]] std::multiset<std::string> epochs_in(const std::string& log) const {
    std::istringstream lines(read(log));
    std::multiset<std::string> epochs;
    for (std::string line; std::getline(lines, line);) {
      nlohmann::json entry = nlohmann::json::parse(line);
      if (entry.at("event") != "epoch") continue;
      for (const char* varying : {"seconds", "samples_per_second", "process_memory_bytes"}) entry.erase(varying);
      epochs.insert(entry.dump());
    }
    return epochs;
  }
};

TEST_P(Kill, ComesToTheSameModel) {
  write("plane.csv", plane_csv(600));
  const std::string command = std::string("train --data plane.csv --target y --quiet --threads 1 ") + GetParam();
  const Clock::time_point began = Clock::now();
  ASSERT_EQ(slalom(command + " --out whole.safetensors --metrics whole.jsonl").status, 0);
  const std::chrono::duration<double> whole = Clock::now() - began;
  const std::string expected = read("whole.safetensors");
  const std::multiset<std::string> expected_epochs = epochs_in("whole.jsonl");

  const std::string in_parts =
      command + " --out m.safetensors --metrics m.jsonl --checkpoint-dir ck --checkpoint-every 1steps --resume";
  TestNumbers numbers(11);
  int kills = 0;
  while (kills < kKillsACase) {
    std::filesystem::remove_all(folder() / "ck");
    std::filesystem::remove(folder() / "m.jsonl");
    std::filesystem::remove(folder() / "m.safetensors");
    bool ended = false;
    for (int i = 0; i < kKillsARun && !ended; ++i) {
      // Every other kill comes soon after a checkpoint, or while one is written, however slow the machine is just now.
      const bool after_progress = i % 2 == 1;
      const auto longest = after_progress ? whole / 20 : whole;
      ended = ends_before_kill(in_parts, after_progress,
                               std::chrono::duration_cast<Clock::duration>(longest * numbers.next()));
      if (ended) break;
      ++kills;
      if (exists("m.safetensors")) {  // killed after it was written
        EXPECT_TRUE(read("m.safetensors") == expected);
      }
    }
    if (!ended) {
      EXPECT_NE(newest(), "");
      ASSERT_EQ(slalom(in_parts).status, 0);
    }
    EXPECT_TRUE(read("m.safetensors") == expected);
    EXPECT_EQ(epochs_in("m.jsonl"), expected_epochs);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Runs, Kill,
    ::testing::Values("--device cpu --epochs 400 --batch-size 4 --optimizer nadam",
                      "--device cpu --model mlp --hidden 16,8 --dropout 0.2 --batch-norm --epochs 60 --batch-size 8",
                      "--device cpu --model mlp --hidden 8 --epochs 60 --batch-size 8 --restarts 3 --patience 30 "
                      "--schedule plateau --plateau-patience 1 --lr 0.01",
                      "--device reference --epochs 100 --batch-size 4 --optimizer averaged-sgd --lr 0.001 --folds 2",
                      "--device reference --model mlp --hidden 6 --epochs 60 --batch-size 8 --optimizer ftrl --lr 0.1 "
                      "--schedule cosine --tol 1e-9"));

}  // namespace
}  // namespace slalom::testing
