// When the kernel received a packet: the age of the one that a UDP socket has just handed out.
//
//   open(address, port)   a bound UDP socket's descriptor, which Node.js reads from; its packets are stamped from now on
//   own(descriptor)       nobody else may bind there any more; after Node.js was given it, which lets others
//   age(descriptor)       nanoseconds since the kernel received the last packet that was read there; NaN: it does not say
//
// SIOCGSTAMPNS (socket(7)) tells the stamp of the last packet passed to the user, by CLOCK_REALTIME. Node.js calls back for each packet
// before it reads the next one, so an age is all that is needed: whoever asks subtracts it from a clock of its own.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <math.h>
#include <node_api.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1e9

static napi_value fail(napi_env env, const char *what) {
  napi_throw_error(env, NULL, what);
  return NULL;
}

static double age_of(int descriptor) {
  struct timespec stamp, now;
  if (ioctl(descriptor, SIOCGSTAMPNS, &stamp) != 0 || clock_gettime(CLOCK_REALTIME, &now) != 0) return NAN;
  double age = (double)(now.tv_sec - stamp.tv_sec) * SECOND + (double)(now.tv_nsec - stamp.tv_nsec);
  // The date was set in between: nobody knows.
  return age >= 0 && age < SECOND ? age : NAN;
}

static int bound(const char *address, uint16_t port) {
  struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
  struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port)};
  int is_four = inet_pton(AF_INET, address, &four.sin_addr) == 1;
  if (!is_four && inet_pton(AF_INET6, address, &six.sin6_addr) != 1) {
    errno = EINVAL;
    return -1;
  }
  int descriptor = socket(is_four ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor == -1) return -1;
  int done = is_four ? bind(descriptor, (struct sockaddr *)&four, sizeof four)
                     : bind(descriptor, (struct sockaddr *)&six, sizeof six);
  if (done == 0) return descriptor;
  int why = errno;
  close(descriptor);
  errno = why;
  return -1;
}

static napi_value open_socket(napi_env env, napi_callback_info info) {
  size_t count = 2, length;
  napi_value arguments[2], result;
  char address[INET6_ADDRSTRLEN];
  uint32_t port;
  if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok || count != 2 ||
      napi_get_value_string_utf8(env, arguments[0], address, sizeof address, &length) != napi_ok ||
      napi_get_value_uint32(env, arguments[1], &port) != napi_ok || port > 65535)
    return fail(env, "open(address, port)");
  int descriptor = bound(address, (uint16_t)port);
  if (descriptor == -1) return fail(env, strerror(errno));
  // The first question has the kernel stamp this socket's packets.
  age_of(descriptor);
  napi_create_int32(env, descriptor, &result);
  return result;
}

static int descriptor_in(napi_env env, napi_callback_info info, int32_t *descriptor) {
  size_t count = 1;
  napi_value argument;
  return napi_get_cb_info(env, info, &count, &argument, NULL, NULL) == napi_ok && count == 1 &&
         napi_get_value_int32(env, argument, descriptor) == napi_ok;
}

static napi_value own(napi_env env, napi_callback_info info) {
  int32_t descriptor;
  int off = 0;
  if (!descriptor_in(env, info, &descriptor)) return fail(env, "own(descriptor)");
  if (setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &off, sizeof off) != 0) return fail(env, strerror(errno));
  return NULL;
}

static napi_value age(napi_env env, napi_callback_info info) {
  napi_value result;
  int32_t descriptor;
  if (!descriptor_in(env, info, &descriptor)) return fail(env, "age(descriptor)");
  napi_create_double(env, age_of(descriptor), &result);
  return result;
}

NAPI_MODULE_INIT() {
  napi_value each;
  napi_create_function(env, "open", NAPI_AUTO_LENGTH, open_socket, NULL, &each);
  napi_set_named_property(env, exports, "open", each);
  napi_create_function(env, "own", NAPI_AUTO_LENGTH, own, NULL, &each);
  napi_set_named_property(env, exports, "own", each);
  napi_create_function(env, "age", NAPI_AUTO_LENGTH, age, NULL, &each);
  napi_set_named_property(env, exports, "age", each);
  return exports;
}
