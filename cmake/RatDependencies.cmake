# Libraries come from the system or from vcpkg. Nothing is downloaded while configuring.
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

# name, header, Debian package: a header-only library as an INTERFACE target.
function(rat_header_library target header package)
  find_path(${target}_INCLUDE_DIR ${header})
  if(NOT ${target}_INCLUDE_DIR)
    message(FATAL_ERROR
      "${header} not found. Install it (Debian: apt-get install ${package}; vcpkg: see vcpkg.json)"
      " or run ./dev setup.")
  endif()
  add_library(${target} INTERFACE IMPORTED GLOBAL)
  target_include_directories(${target} SYSTEM INTERFACE "${${target}_INCLUDE_DIR}")
endfunction()

rat_header_library(rat_xxhash xxhash.h libxxhash-dev)
# Debian: apt-get install libssl-dev
find_package(OpenSSL 1.1.1 REQUIRED)
if(RAT_BUILD_SERVER)
  rat_header_library(rat_asio asio.hpp libasio-dev)
  target_compile_definitions(rat_asio INTERFACE
    ASIO_STANDALONE ASIO_NO_DEPRECATED ASIO_DISABLE_SERIAL_PORT)
  target_link_libraries(rat_asio INTERFACE Threads::Threads)
  # Debian: apt-get install libssl-dev
  find_package(OpenSSL 3.0 REQUIRED)
endif()
if(RAT_BUILD_TESTS)
  find_package(GTest REQUIRED)
endif()
if(RAT_BUILD_BENCH)
  find_package(benchmark REQUIRED)
endif()
