// SPDX-License-Identifier: Apache-2.0
// Draws with librsvg on a cairo surface.
#include "render/svg_png.hpp"

#include <algorithm>
#include <cmath>
#include <memory>

#include <cairo.h>
#include <librsvg/rsvg.h>

#include <slalom/error.hpp>

namespace slalom::render {
namespace {

struct HandleDeleter {
  void operator()(RsvgHandle* handle) const noexcept { g_object_unref(handle); }
};
struct SurfaceDeleter {
  void operator()(cairo_surface_t* surface) const noexcept { cairo_surface_destroy(surface); }
};
struct CairoDeleter {
  void operator()(cairo_t* cairo) const noexcept { cairo_destroy(cairo); }
};

[[noreturn]] void fail(GError* error) {
  std::string words = error != nullptr ? error->message : "no reason given";
  g_clear_error(&error);
  while (words.ends_with('\n')) words.pop_back();
  throw Error(ExitCode::kSoftware, "internal error: librsvg cannot draw a picture: " + words);
}

void check(cairo_status_t status) {
  if (status == CAIRO_STATUS_SUCCESS) return;
  throw Error(ExitCode::kDevice, std::string("drawing a PNG failed: ") + cairo_status_to_string(status));
}

cairo_status_t append(void* to, const unsigned char* bytes, unsigned int size) noexcept {
  try {
    static_cast<std::string*>(to)->append(reinterpret_cast<const char*>(bytes), size);
    return CAIRO_STATUS_SUCCESS;
  } catch (const std::bad_alloc&) {
    return CAIRO_STATUS_NO_MEMORY;
  }
}

/// A last row or column that the drawing would cover in part is left out: it would be half transparent.
int whole_pixels(double length) { return std::max(1, static_cast<int>(std::floor(length + 1e-6))); }

}  // namespace

std::string svg_png(const std::string& svg, double scale) {
  GError* error = nullptr;
  const std::unique_ptr<RsvgHandle, HandleDeleter> handle(
      rsvg_handle_new_from_data(reinterpret_cast<const guint8*>(svg.data()), svg.size(), &error));
  if (handle == nullptr) fail(error);
  double width = 0.0, height = 0.0;
  if (rsvg_handle_get_intrinsic_size_in_pixels(handle.get(), &width, &height) == FALSE) fail(nullptr);
  width *= scale;
  height *= scale;
  const std::unique_ptr<cairo_surface_t, SurfaceDeleter> surface(
      cairo_image_surface_create(CAIRO_FORMAT_ARGB32, whole_pixels(width), whole_pixels(height)));
  check(cairo_surface_status(surface.get()));
  const std::unique_ptr<cairo_t, CairoDeleter> cairo(cairo_create(surface.get()));
  check(cairo_status(cairo.get()));
  const RsvgRectangle viewport{0.0, 0.0, width, height};
  if (rsvg_handle_render_document(handle.get(), cairo.get(), &viewport, &error) == FALSE) fail(error);
  std::string png;
  check(cairo_surface_write_to_png_stream(surface.get(), append, &png));
  return png;
}

}  // namespace slalom::render
