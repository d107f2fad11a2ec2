// SPDX-License-Identifier: Apache-2.0
// Decodes with cairo.
#include "render/png_pixels.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>

#include <cairo.h>
#include <gtest/gtest.h>

namespace slalom::testing {
namespace {

cairo_status_t take(void* from, unsigned char* bytes, unsigned int size) {
  auto& left = *static_cast<std::string_view*>(from);
  if (left.size() < size) return CAIRO_STATUS_READ_ERROR;
  std::memcpy(bytes, left.data(), size);
  left.remove_prefix(size);
  return CAIRO_STATUS_SUCCESS;
}

}  // namespace

Pixels pixels_of(const std::string& png) {
  std::string_view left(png);
  cairo_surface_t* surface = cairo_image_surface_create_from_png_stream(take, &left);
  Pixels pixels;
  if (cairo_surface_status(surface) != CAIRO_STATUS_SUCCESS) {
    ADD_FAILURE() << "no PNG: " << cairo_status_to_string(cairo_surface_status(surface));
  } else {
    pixels.width = cairo_image_surface_get_width(surface);
    pixels.height = cairo_image_surface_get_height(surface);
    const unsigned char* data = cairo_image_surface_get_data(surface);
    const int stride = cairo_image_surface_get_stride(surface);
    pixels.argb.resize(static_cast<std::size_t>(pixels.width) * static_cast<std::size_t>(pixels.height));
    for (int y = 0; y < pixels.height; ++y) {
      std::memcpy(&pixels.argb[static_cast<std::size_t>(y) * static_cast<std::size_t>(pixels.width)],
                  data + static_cast<std::ptrdiff_t>(y) * stride, static_cast<std::size_t>(pixels.width) * 4);
    }
  }
  cairo_surface_destroy(surface);
  return pixels;
}

}  // namespace slalom::testing
