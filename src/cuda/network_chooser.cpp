// SPDX-License-Identifier: Apache-2.0
// Splits a launch between the two engines of networks.
#include "cuda/network_chooser.hpp"

#include <utility>

namespace slalom::cuda {

NetworkChooser::NetworkChooser(const ModelSpec& spec, const DeviceInfo& device, MakeEngine make_large)
    : small_(spec, device), make_large_(std::move(make_large)) {}

std::string NetworkChooser::description() const {
  const std::string large = "graphs of steps";
  if (any_small_ != any_large_) return any_small_ ? small_.description() : large;
  return any_small_ || small_.predicts() ? small_.description() + " where it fits" : large;
}

void NetworkChooser::note_choices(std::span<const MemberTask> tasks) {
  for (const MemberTask& task : tasks) {
    if (task.n_rows > 0) (is_large(task) ? any_large_ : any_small_) = true;
  }
}

DeviceEngine& NetworkChooser::large() {
  if (!large_) large_ = make_large_();
  return *large_;
}

bool NetworkChooser::is_large(const MemberTask& task) const { return task.n_rows > 0 && !small_.trains(task); }

void NetworkChooser::reserve(std::span<MemberTask> epochs) {
  note_choices(epochs);
  for (std::size_t m = 0; m < epochs.size(); ++m) {
    if (is_large(epochs[m])) large().reserve(epochs.subspan(m, 1));
  }
}

void NetworkChooser::prepare(std::span<MemberTask> tasks) {
  note_choices(tasks);
  for (std::size_t m = 0; m < tasks.size(); ++m) {
    if (is_large(tasks[m])) large().prepare(tasks.subspan(m, 1));
  }
}

void NetworkChooser::run(std::span<const MemberTask> tasks, const MemberTask* device_tasks, cudaStream_t stream) {
  small_.run(tasks, device_tasks, stream);
  for (std::size_t m = 0; m < tasks.size(); ++m) {
    if (is_large(tasks[m])) large().run(tasks.subspan(m, 1), device_tasks + m, stream);
  }
}

void NetworkChooser::reserve_prediction(std::int64_t rows) {
  if (!small_.predicts()) large().reserve_prediction(rows);
}

void NetworkChooser::predict(const float* parameters, const DeviceFeatures& x, const std::uint32_t* rows,
                             std::int64_t n_rows, float* outputs, cudaStream_t stream) {
  if (small_.predicts()) return small_.predict(parameters, x, rows, n_rows, outputs, stream);
  large().predict(parameters, x, rows, n_rows, outputs, stream);
}

}  // namespace slalom::cuda
