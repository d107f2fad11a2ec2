// SPDX-License-Identifier: Apache-2.0
// Writes and reads checkpoints as safetensors whose last tensor is a checksum of all bytes before it.
#include "train/checkpoint_file.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include <slalom/error.hpp>

#include "data/atomic_file.hpp"
#include "model/safetensors.hpp"
#include "train/checkpoint_json.hpp"
#include "train/checksum.hpp"

namespace slalom::training {
namespace {

using model_io::NamedTensors;
using model_io::SafetensorsView;
using model_io::StoredTensor;

constexpr const char* kFormat = "slalom-checkpoint-1";
constexpr const char* kChecksum = "checksum";
constexpr std::size_t kChecksumBytes = sizeof(std::uint32_t);

/// True if float32 holds every value exactly, the sign of a zero and the bits of a NaN included.
bool fit_float(const std::vector<double>& values) {
  return std::all_of(values.begin(), values.end(), [](double value) {
    const auto rounded = static_cast<double>(static_cast<float>(value));
    return std::bit_cast<std::uint64_t>(rounded) == std::bit_cast<std::uint64_t>(value);
  });
}

/// A list of numbers of the checkpoint under its name.
struct Numbers {
  std::string name;
  const std::vector<double>* values;
  bool as_float = false;
};

void add_state(std::vector<Numbers>& list, const std::string& prefix, const MemberState& state) {
  list.push_back({prefix + "parameters", &state.parameters, fit_float(state.parameters)});
  list.push_back({prefix + "optimizer_state", &state.optimizer_state, fit_float(state.optimizer_state)});
  list.push_back({prefix + "clock", &state.clock});
}

std::string prefix_of(std::size_t member) { return "members." + std::to_string(member) + "."; }

std::string good_prefix_of(std::size_t member, std::size_t good) {
  return prefix_of(member) + "good." + std::to_string(good) + ".";
}

std::vector<Numbers> numbers_of(const Checkpoint& checkpoint) {
  std::vector<Numbers> list;
  for (std::size_t m = 0; m < checkpoint.members.size(); ++m) {
    const SavedMember& member = checkpoint.members[m];
    const std::string prefix = prefix_of(m);
    list.push_back({prefix + "epoch_losses", &member.epoch_losses});
    add_state(list, prefix, member.state);
    if (member.best) add_state(list, prefix + "best.", *member.best);
    for (std::size_t g = 0; g < member.good.size(); ++g) add_state(list, good_prefix_of(m, g), member.good[g].member);
  }
  return list;
}

/// Writes to a file and sums up what it writes.
class SummedFile {
 public:
  explicit SummedFile(const std::string& path) : file_(path) {}
  void write(std::string_view bytes) {
    sum_ = checksum_of(bytes, sum_);
    file_.write(bytes);
  }
  void finish() {
    const std::uint32_t sum = sum_;
    file_.write({reinterpret_cast<const char*>(&sum), kChecksumBytes});
    file_.commit();
  }

 private:
  AtomicFile file_;
  std::uint32_t sum_ = 0;
};

std::vector<double> read_numbers(const SafetensorsView& file, const std::string& name) {
  const StoredTensor& tensor = file.tensor(name);
  if (tensor.shape.size() != 1) file.fail("tensor '" + name + "' is not a list of numbers");
  const auto copy_as = [&](auto element) {
    std::vector<decltype(element)> values(tensor.bytes.size() / sizeof(element));
    if (!values.empty()) std::memcpy(values.data(), tensor.bytes.data(), tensor.bytes.size());
    return values;
  };
  if (tensor.type == "F64") return copy_as(double{});
  if (tensor.type != "F32") file.fail("tensor '" + name + "' has type " + tensor.type + ", expected F32 or F64");
  const std::vector<float> values = copy_as(float{});
  return {values.begin(), values.end()};
}

void read_state(const SafetensorsView& file, const std::string& prefix, MemberState& state) {
  state.parameters = read_numbers(file, prefix + "parameters");
  state.optimizer_state = read_numbers(file, prefix + "optimizer_state");
  state.clock = read_numbers(file, prefix + "clock");
}

void check_sum(const SafetensorsView& file, const std::string& path, std::string_view bytes) {
  const StoredTensor& stored = file.tensor(kChecksum);
  if (stored.type != "U32" || stored.bytes.size() != kChecksumBytes ||
      stored.bytes.data() + kChecksumBytes != bytes.data() + bytes.size()) {
    file.fail("its checksum is not at its end");
  }
  std::uint32_t expected = 0;
  std::memcpy(&expected, stored.bytes.data(), kChecksumBytes);
  const std::uint32_t found = checksum_of(bytes.substr(0, bytes.size() - kChecksumBytes));
  if (found != expected) {
    throw DataError(path + ": damaged: the checksum of its content is " + hex_text(found) + ", expected " +
                    hex_text(expected));
  }
}

}  // namespace

std::int64_t Checkpoint::steps() const noexcept {
  std::int64_t sum = 0;
  for (const SavedMember& member : members) sum += member.run.steps_run;
  return sum;
}

double Checkpoint::watched_loss() const noexcept {
  double lowest = RunState::kNone;
  for (const SavedMember& member : members) {
    if (member.divergence.empty()) lowest = std::min(lowest, member.last_watched_loss);
  }
  return lowest;
}

void write_checkpoint(const Checkpoint& checkpoint, const std::string& path) {
  const std::vector<Numbers> numbers = numbers_of(checkpoint);
  NamedTensors tensors;
  for (const Numbers& list : numbers) {
    tensors.emplace_back(
        list.name, StoredTensor{list.as_float ? "F32" : "F64", {static_cast<std::int64_t>(list.values->size())}, {}});
  }
  tensors.emplace_back(kChecksum, StoredTensor{"U32", {1}, {}});
  SummedFile file(path);
  file.write(model_io::safetensors_header({{"format", kFormat}, {"run", to_json(checkpoint)}}, tensors));
  for (const Numbers& list : numbers) {
    if (list.as_float) {
      file.write(bytes_of(std::vector<float>(list.values->begin(), list.values->end())));
    } else {
      file.write(bytes_of(*list.values));
    }
  }
  file.finish();
}

Checkpoint read_checkpoint(const std::string& path) {
  const std::string bytes = model_io::read_safetensors(path, "checkpoint");
  const SafetensorsView file(path, bytes, "checkpoint");
  const std::string& format = file.metadata("format");
  if (format != kFormat) {
    file.fail("format is '" + format + "', this version of slalom reads '" + kFormat + "'");
  }
  check_sum(file, path, bytes);
  Checkpoint checkpoint;
  try {
    checkpoint = checkpoint_of_json(file.metadata("run"));
  } catch (const DataError& error) {
    file.fail(error.what());
  }
  for (std::size_t m = 0; m < checkpoint.members.size(); ++m) {
    SavedMember& member = checkpoint.members[m];
    member.epoch_losses = read_numbers(file, prefix_of(m) + "epoch_losses");
    read_state(file, prefix_of(m), member.state);
    if (member.best) read_state(file, prefix_of(m) + "best.", *member.best);
    for (std::size_t g = 0; g < member.good.size(); ++g) read_state(file, good_prefix_of(m, g), member.good[g].member);
  }
  return checkpoint;
}

}  // namespace slalom::training
