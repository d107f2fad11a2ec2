// SPDX-License-Identifier: Apache-2.0
// Adds up latencies, bytes and flops.
#include "core/cost_model.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include <slalom/dataset.hpp>

namespace slalom::core {
namespace {

// One core of a CPU, rounded from measurements of this library on a server's (docs/performance.md, --threads 1): the
// numbers decide between times that differ by factors.
constexpr double kCpuStep = 0.1e-6;      // s: a step of a tiny model that never leaves the L1 cache
constexpr double kCpuRow = 10e-9;        // s: a row, besides its arithmetic; its place in the order is drawn, too
constexpr double kCpuFlops = 15e9;       // flops/s: models without hidden layers
constexpr double kCpuBytes = 8e9;        // bytes/s: rows in random order
constexpr double kCpuUpdate = 1.5e-9;    // s: a parameter's update
constexpr double kCpuLayer = 1e-6;       // s: a network's layer, both ways
constexpr double kCpuUnit = 0.3e-9;      // s: a hidden unit's activation, both ways
constexpr double kCpuProducts = 120e9;   // flops/s: networks
constexpr double kThreadProducts = 1e6;  // weights x rows that make a further thread worth its while

// A CUDA device.
constexpr double kGpuStart = 0.4;        // s: context, code, memory
constexpr double kUploadBytes = 8e9;     // bytes/s from host to device
constexpr double kHostRow = 10e-9;       // s: drawing and sending a row's place in the order, while the device computes
constexpr double kGpuStep = 1.5e-6;      // s: a step within one multiprocessor: load, sum, barriers, update
constexpr double kGpuExchange = 2.5e-6;  // s: more, when multiprocessors share a batch
constexpr double kGpuKernel = 1.5e-6;    // s: a kernel of a graph
constexpr double kSmallFlops = 8e6;      // of a step, and
constexpr double kSmallParameters = 12e3;  // that one multiprocessor takes by itself (kernels/small_network.hpp)
constexpr double kUse = 0.5;               // share of its memory's and arithmetic's peak that a kernel reaches

struct Shape {
  double rows = 0;       ///< of a batch
  double steps = 0;      ///< of a member
  double row_bytes = 0;  ///< read a row
  double row_flops = 0;  ///< forward and backward
  double parameters = 0;
  double layers = 0;
  double hidden_units = 0;
};

Shape shape_of(const Workload& work) {
  Shape s;
  const std::int64_t n_rows = std::max<std::int64_t>(work.n_rows, 1);
  const std::int64_t batch = work.batch_size > 0 ? std::min(work.batch_size, n_rows) : n_rows;
  s.rows = static_cast<double>(batch);
  const std::int64_t epoch_steps = (n_rows + batch - 1) / batch;
  s.steps = static_cast<double>(epoch_steps) * static_cast<double>(work.epochs);
  if (work.max_steps > 0) s.steps = std::min(s.steps, static_cast<double>(work.max_steps));
  s.row_bytes = 4.0 * static_cast<double>(row_stride(work.n_features) + work.n_outputs);
  for (const std::int64_t width : work.hidden) s.hidden_units += static_cast<double>(width);
  std::vector<std::int64_t> widths = work.hidden;
  widths.push_back(work.n_outputs);
  auto inputs = static_cast<double>(work.n_features);
  for (const std::int64_t width : widths) {
    const auto outputs = static_cast<double>(width);
    s.row_flops += (s.layers == 0 ? 4.0 : 6.0) * inputs * outputs;  // no derivative by the features
    s.parameters += (inputs + 1.0) * outputs;
    s.layers += 1.0;
    inputs = outputs;
  }
  return s;
}

double waves(double jobs, double places) {
  return static_cast<double>(static_cast<std::int64_t>((jobs + places - 1.0) / places));
}

/// The kernels of models without hidden layers: a multiprocessor a member, or all for one member after another.
double linear_step(const Shape& s, double members, const GpuSpeed& gpu) {
  const double multiprocessors = gpu.multiprocessors;
  const auto batch_seconds = [&](double share) {
    const double bytes = s.rows * s.row_bytes / (kUse * gpu.bytes_per_second * share);
    const double flops = s.rows * s.row_flops / (kUse * gpu.flops_per_second * share);
    return std::max(bytes, flops);
  };
  const double apart = (kGpuStep + batch_seconds(1.0 / multiprocessors)) * waves(members, multiprocessors);
  const double together = (kGpuStep + kGpuExchange + batch_seconds(1.0)) * members;
  return std::min(apart, together);
}

/// Graphs of matrix products, one member after another; networks that fit one multiprocessor side by side.
double network_step(const Shape& s, double members, const GpuSpeed& gpu) {
  const double kernels = 3.0 * s.layers + 2.0;
  const double flops = s.rows * s.row_flops / (kUse * gpu.flops_per_second);
  const double bytes = (s.rows * s.row_bytes + 28.0 * s.parameters) / (kUse * gpu.bytes_per_second);  // 7 floats: Adam
  const double in_graphs = (kernels * kGpuKernel + std::max(flops, bytes)) * members;
  const double multiprocessors = gpu.multiprocessors;
  if (s.rows * s.row_flops > kSmallFlops || s.parameters > kSmallParameters) return in_graphs;
  return (kGpuStep * s.layers + flops * multiprocessors) * waves(members, multiprocessors);
}

/// Two digits: 0.041, 1200.
std::string number(double value) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.2g", value);
  if (value >= 100.0 && value < 1e15) std::snprintf(buffer, sizeof buffer, "%.0f", std::strtod(buffer, nullptr));
  return buffer;
}

}  // namespace

Cost cpu_cost(const Workload& work, int threads) {
  const Shape s = shape_of(work);
  const bool network = !work.hidden.empty();
  const auto members = static_cast<double>(work.n_members);
  const double cores = std::max(threads, 1);
  // Members share the cores; so do a single network's products, if they are large.
  const double most = std::max(1.0, s.rows * s.parameters / kThreadProducts);
  const double cores_a_member = network && members == 1.0 ? std::min(most, cores) : 1.0;
  const double flops = s.rows * s.row_flops / ((network ? kCpuProducts : kCpuFlops) * cores_a_member);
  const double bytes = s.rows * s.row_bytes / kCpuBytes;
  const double latency = network ? kCpuLayer * s.layers + s.rows * kCpuUnit * s.hidden_units / cores_a_member
                                 : kCpuStep + s.rows * kCpuRow;
  Cost cost;
  cost.step = (latency + std::max(flops, bytes) + kCpuUpdate * s.parameters) * waves(members, cores);
  cost.total = cost.step * s.steps;
  return cost;
}

Cost gpu_cost(const Workload& work, int threads, const GpuSpeed& gpu) {
  const Shape s = shape_of(work);
  const auto members = static_cast<double>(work.n_members);
  const double device = work.hidden.empty() ? linear_step(s, members, gpu) : network_step(s, members, gpu);
  Cost cost;
  cost.start = kGpuStart + static_cast<double>(work.n_rows) * s.row_bytes / kUploadBytes;
  cost.step = std::max(device, s.rows * kHostRow * waves(members, std::max(threads, 1)));
  cost.total = cost.start + cost.step * s.steps;
  return cost;
}

DeviceChoice choose_device(const Workload& work, int threads, const GpuSpeed& gpu) {
  if (work.epochs == 0) return {.gpu = false, .reason = "cpu: predictions alone do not pay for starting " + gpu.name};
  const Cost on_cpu = cpu_cost(work, threads);
  const Cost on_gpu = gpu_cost(work, threads, gpu);
  const auto describe = [](const std::string& name, const Cost& cost) {
    return number(cost.total) + " s expected on " + name + " (" + number(1e6 * cost.step) + " us a step" +
           (cost.start > 0.0 ? ", " + number(cost.start) + " s to start)" : ")");
  };
  const bool gpu_wins = on_gpu.total < on_cpu.total;
  const std::string cpu_text = describe(threads == 1 ? "one core" : std::to_string(threads) + " cores", on_cpu);
  const std::string gpu_text = describe(gpu.name, on_gpu);
  return {.gpu = gpu_wins,
          .reason = gpu_wins ? "cuda: " + gpu_text + ", " + cpu_text : "cpu: " + cpu_text + ", " + gpu_text};
}

}  // namespace slalom::core
