// SPDX-License-Identifier: Apache-2.0
// Caches one oneDNN matmul primitive per shape and runs row tiles of a product in parallel.
#include "cpu/dnnl_matmul.hpp"

#include <omp.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <vector>

#include <oneapi/dnnl/dnnl.hpp>

namespace slalom::cpu {
namespace {

/// Below this many multiplications a product is one tile: an OpenMP barrier costs several microseconds.
constexpr std::int64_t kTileWork = std::int64_t{1} << 20;
/// Rows of C in a tile: a multiple of every GEMM kernel's row block.
constexpr std::int64_t kTileRows = 48;

/// oneDNN fixes a primitive's thread count from OpenMP's setting when it is made and when it runs; one thread here, so
/// that it never splits a sum by the number of cores.
class OneOpenMpThread {
 public:
  OneOpenMpThread() : before_(omp_get_max_threads()) { omp_set_num_threads(1); }
  ~OneOpenMpThread() { omp_set_num_threads(before_); }
  OneOpenMpThread(const OneOpenMpThread&) = delete;
  OneOpenMpThread& operator=(const OneOpenMpThread&) = delete;

 private:
  int before_;
};

using Shape = std::array<std::int64_t, 9>;

struct Primitive {
  dnnl::matmul matmul;
  dnnl::memory::desc a, b, c, scratch;
};

dnnl::memory::desc describe(std::int64_t rows, std::int64_t cols, std::int64_t row_stride, std::int64_t col_stride) {
  return {{rows, cols}, dnnl::memory::data_type::f32, dnnl::memory::dims{row_stride, col_stride}};
}

}  // namespace

struct DnnlMatmul::Cache {
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  std::map<Shape, Primitive> primitives;
  /// oneDNN's own scratchpad is one for all threads, so concurrent tiles need one each.
  std::vector<std::vector<std::byte>> scratch;

  const Primitive& get(const Shape& s) {
    const auto found = primitives.find(s);
    if (found != primitives.end()) return found->second;
    const auto [m, n, k, a_row, a_col, b_row, b_col, c_row, c_col] = s;
    Primitive made;
    made.a = describe(m, k, a_row, a_col);
    made.b = describe(k, n, b_row, b_col);
    made.c = describe(m, n, c_row, c_col);
    const OneOpenMpThread serial;
    dnnl::primitive_attr attributes;
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    const dnnl::matmul::primitive_desc descriptor(dnnl::matmul::desc(made.a, made.b, made.c), attributes, engine);
    made.matmul = dnnl::matmul(descriptor);
    made.scratch = descriptor.scratchpad_desc();
    for (auto& buffer : scratch) buffer.resize(std::max(buffer.size(), made.scratch.get_size()));
    return primitives.emplace(s, std::move(made)).first->second;
  }

  void run(const Primitive& primitive, const float* a, const float* b, float* c, std::size_t thread) {
    // oneDNN takes mutable pointers for inputs that it only reads.
    const dnnl::memory a_memory(primitive.a, engine, const_cast<float*>(a));
    const dnnl::memory b_memory(primitive.b, engine, const_cast<float*>(b));
    const dnnl::memory c_memory(primitive.c, engine, c);
    const dnnl::memory scratch_memory(primitive.scratch, engine, scratch[thread].data());
    dnnl::stream stream(engine);
    primitive.matmul.execute(stream, {{DNNL_ARG_SRC, a_memory},
                                      {DNNL_ARG_WEIGHTS, b_memory},
                                      {DNNL_ARG_DST, c_memory},
                                      {DNNL_ARG_SCRATCHPAD, scratch_memory}});
    stream.wait();
  }
};

DnnlMatmul::DnnlMatmul(int threads) : cache_(std::make_unique<Cache>()), threads_(threads) {
  cache_->scratch.resize(static_cast<std::size_t>(threads));
}
DnnlMatmul::~DnnlMatmul() = default;

void DnnlMatmul::multiply(std::int64_t m, std::int64_t n, std::int64_t k, Matrix<const float> a, Matrix<const float> b,
                          Matrix<float> c) {
  const std::int64_t tile_rows = m * n * k < kTileWork ? m : std::min(m, kTileRows);
  const std::int64_t n_tiles = (m + tile_rows - 1) / tile_rows;
  const std::int64_t last_rows = m - (n_tiles - 1) * tile_rows;
  const auto shape = [&](std::int64_t rows) {
    return Shape{rows, n, k, a.row_stride, a.col_stride, b.row_stride, b.col_stride, c.row_stride, c.col_stride};
  };
  const Primitive& last = cache_->get(shape(last_rows));
  const Primitive& whole = cache_->get(shape(tile_rows));
  const auto run_tile = [&](std::int64_t t, int thread) {
    const std::int64_t row = t * tile_rows;
    cache_->run(t + 1 == n_tiles ? last : whole, a.data + row * a.row_stride, b.data, c.data + row * c.row_stride,
                static_cast<std::size_t>(thread));
  };
  if (threads_ == 1 || n_tiles == 1) {
    const OneOpenMpThread serial;
    for (std::int64_t t = 0; t < n_tiles; ++t) run_tile(t, 0);
    return;
  }
#pragma omp parallel for num_threads(threads_) schedule(static)
  for (std::int64_t t = 0; t < n_tiles; ++t)
    run_tile(t, omp_get_thread_num());  // inside a parallel region oneDNN runs serially
}

}  // namespace slalom::cpu
