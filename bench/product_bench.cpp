// SPDX-License-Identifier: Apache-2.0
// The matrix products of networks, on one thread: the CPU backend's own, packing included, against oneDNN's primitives.
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <unordered_map>
#include <vector>

#include <oneapi/dnnl/dnnl.hpp>

#include "core/huge_pages.hpp"
#include "core/rounding.hpp"
#include "core/stopwatch.hpp"
#include "cpu/instruction_set.hpp"
#include "suite.hpp"

namespace slalom::bench {
namespace {

/// Of a layer: `rows` of a batch, `inputs` to `outputs` units. Forward: [rows, inputs] times the transpose of the
/// weights, [outputs, inputs]. Gradient: the transpose of [rows, outputs] times [rows, inputs].
struct Layer {
  std::int64_t rows, inputs, outputs;
};
enum class Kind { kForward, kGradient };

AlignedFloats waves(std::int64_t n, float step) {
  AlignedFloats values(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = std::sin(step * static_cast<float>(i));
  return values;
}

/// C [m, n] = A B over k, from the layer's matrices as they lie in a network.
struct Operands {
  Operands(Kind kind, const Layer& layer)
      : forward(kind == Kind::kForward),
        m(forward ? layer.rows : layer.outputs),
        n(forward ? layer.outputs : layer.inputs),
        k(forward ? layer.inputs : layer.rows),
        a(waves(m * k, 0.7F)),
        b(waves(n * k, 0.3F)),
        c(static_cast<std::size_t>(m * n)) {}

  /// Element (i, j) of the product in float64.
  [[nodiscard]] double exact(std::int64_t i, std::int64_t j) const {
    double sum = 0.0;
    for (std::int64_t p = 0; p < k; ++p) {
      sum += static_cast<double>(a[static_cast<std::size_t>(forward ? i * k + p : p * m + i)]) *
             static_cast<double>(b[static_cast<std::size_t>(forward ? j * k + p : p * n + j)]);
    }
    return sum;
  }
  [[nodiscard]] double largest_error() const {
    double error = 0.0;
    for (std::int64_t probe = 0; probe < 50; ++probe) {
      const std::int64_t i = probe * 7919 % m;
      const std::int64_t j = probe * 104729 % n;
      error = std::max(error, std::fabs(exact(i, j) - static_cast<double>(c[static_cast<std::size_t>(i * n + j)])));
    }
    return error;
  }

  bool forward;
  std::int64_t m, n, k;
  AlignedFloats a, b, c;
};

/// With the CPU backend's products for small layers or for large ones.
template <bool kLarge>
class OwnProduct {
 public:
  explicit OwnProduct(Operands& o)
      : o_(o),
        panels_(static_cast<std::size_t>(kernels_.panels_floats(o.k, o.n))),
        tiles_(static_cast<std::size_t>(kernels_.tiles_floats(o.m, o.k))) {
    core::use_huge_pages(panels_.data(), panels_.size() * sizeof(float));
    core::use_huge_pages(tiles_.data(), tiles_.size() * sizeof(float));
  }

  void run() {
    const std::int64_t count = core::ceil_div(o_.n, kernels_.panel);
    for (std::int64_t p = 0; p < count; ++p) {
      const std::int64_t column = p * kernels_.panel;
      const std::int64_t columns = std::min(kernels_.panel, o_.n - column);
      float* panel = panels_.data() + p * kernels_.panel_floats(o_.k);
      if (o_.forward) {
        kernels_.pack_transposed(o_.b.data() + column * o_.k, o_.k, o_.k, columns, panel);
      } else {
        kernels_.pack(o_.b.data() + column, o_.n, o_.k, columns, panel);
      }
    }
    const bool in_tiles = !o_.forward || kernels_.pack_left != nullptr;
    const std::int64_t block_rows = kernels_.block_rows(o_.m, o_.k);
    for (std::int64_t row = 0; row < o_.m; row += block_rows) {
      const std::int64_t rows = std::min(block_rows, o_.m - row);
      const float* a = o_.a.data() + row * (o_.forward ? o_.k : 1);
      if (in_tiles) {
        (o_.forward ? kernels_.pack_left : kernels_.pack_left_transposed)(a, o_.forward ? o_.k : o_.m, o_.k, rows,
                                                                          tiles_.data());
      }
      const cpu::Product product{.m = rows,
                                 .n = o_.n,
                                 .k = o_.k,
                                 .a = in_tiles ? tiles_.data() : a,
                                 .a_row = o_.k,
                                 .a_in_tiles = in_tiles,
                                 .panels = panels_.data(),
                                 .c = o_.c.data() + row * o_.n,
                                 .c_row = o_.n,
                                 .c_width = o_.n};
      kernels_.multiply(product, 0, count);
    }
  }

 private:
  static const cpu::ProductKernels& kernels() {
    const cpu::InstructionSet set = cpu::chosen_instruction_set();
    return kLarge ? *set.large_products : *set.products;
  }
  Operands& o_;
  const cpu::ProductKernels& kernels_ = kernels();
  AlignedFloats panels_, tiles_;
};

class DnnlProduct {
 public:
  explicit DnnlProduct(Operands& o) {
    using dnnl::memory;
    const auto describe = [](std::int64_t rows, std::int64_t columns, memory::dims strides) {
      return memory::desc({rows, columns}, memory::data_type::f32, std::move(strides));
    };
    const memory::desc a = describe(o.m, o.k, o.forward ? memory::dims{o.k, 1} : memory::dims{1, o.m});
    const memory::desc b = describe(o.k, o.n, o.forward ? memory::dims{1, o.k} : memory::dims{o.n, 1});
    const memory::desc c = describe(o.m, o.n, {o.n, 1});
    const dnnl::matmul::primitive_desc descriptor(dnnl::matmul::desc(a, b, c), engine_);
    product_ = dnnl::matmul(descriptor);
    arguments_ = {{DNNL_ARG_SRC, memory(a, engine_, o.a.data())},
                  {DNNL_ARG_WEIGHTS, memory(b, engine_, o.b.data())},
                  {DNNL_ARG_DST, memory(c, engine_, o.c.data())}};
  }
  void run() {
    product_.execute(stream_, arguments_);
    stream_.wait();
  }

 private:
  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream_{engine_};
  dnnl::matmul product_;
  std::unordered_map<int, dnnl::memory> arguments_;
};

template <class Implementation>
void time_product(benchmark::State& state, Suite& suite, Kind kind, const Layer& layer) {
  Operands operands(kind, layer);
  const int threads_before = omp_get_max_threads();
  omp_set_num_threads(1);  // oneDNN looks when a primitive is made and when it runs
  Implementation product(operands);
  product.run();
  const double tolerance = 1e-5 * static_cast<double>(operands.k);  // of terms of at most 1
  if (const double error = operands.largest_error(); !(error <= tolerance)) {
    suite.fail(state, "an element differs from its float64 sum by " + std::to_string(error));
    return;
  }
  const core::Clock::time_point start = core::Clock::now();
  for (auto _ : state) product.run();
  const double seconds = core::seconds_since(start);
  omp_set_num_threads(threads_before);
  const double flops = 2.0 * static_cast<double>(operands.m * operands.n * operands.k);
  count_rate(state, "FLOP/s", flops);
  const std::int64_t bytes = 4 * (operands.m * operands.k + operands.k * operands.n + operands.m * operands.n);
  const Speed speed = suite.machine().speed(DeviceKind::kCpu, bytes, 1);
  count_roofline(state, speed.floor_seconds({.flops = flops}), seconds);
}

}  // namespace

void register_products(Suite& suite) {
  for (const Layer& layer :
       {Layer{64, 8, 64}, Layer{64, 64, 64}, Layer{100, 100, 50}, Layer{128, 256, 128}, Layer{64, 784, 256},
        Layer{96, 128, 128}, Layer{128, 784, 256}, Layer{512, 784, 1024}, Layer{512, 1024, 1024}}) {
    for (const Kind kind : {Kind::kForward, Kind::kGradient}) {
      const std::string name = std::string("Product/") + (kind == Kind::kForward ? "forward" : "gradient") +
                               "/rows:" + std::to_string(layer.rows) + "/" + std::to_string(layer.inputs) + "-" +
                               std::to_string(layer.outputs);
      suite.add(name + "/slalom", benchmark::kMicrosecond, [&suite, kind, layer](benchmark::State& state) {
        time_product<OwnProduct<false>>(state, suite, kind, layer);
      });
      if (cpu::chosen_instruction_set().large_products != nullptr) {
        suite.add(name + "/slalom-large", benchmark::kMicrosecond, [&suite, kind, layer](benchmark::State& state) {
          time_product<OwnProduct<true>>(state, suite, kind, layer);
        });
      }
      suite.add(name + "/onednn", benchmark::kMicrosecond, [&suite, kind, layer](benchmark::State& state) {
        time_product<DnnlProduct>(state, suite, kind, layer);
      });
    }
  }
}

}  // namespace slalom::bench
