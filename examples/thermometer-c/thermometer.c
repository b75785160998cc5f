// Reads a TMP105 temperature sensor and sends what it reads.
//
// The bindings are made from `wit/`; see the Makefile.
#include "thermometer.h"

// The sensor's address with its address pins low.
#define ADDRESS 0x48
// Its temperature register: two bytes, 1/256 degrees Celsius, the highest first.
#define TEMPERATURE 0

// Ends the run with an error, which the host logs; always false.
static bool fail(thermometer_string_t *error, const char *text)
{
    thermometer_string_dup(error, text);
    return false;
}

static bool read_celsius(wasi_i2c_i2c_own_i2c_t bus, double *celsius)
{
    uint8_t pointer = TEMPERATURE;
    thermometer_list_u8_t command = {&pointer, 1}, answer;
    wasi_i2c_i2c_error_code_t code;
    if (!wasi_i2c_i2c_method_i2c_write_read(wasi_i2c_i2c_borrow_i2c(bus), ADDRESS, &command, 2, &answer, &code))
        return false;
    bool complete = answer.len == 2;
    if (complete)
        *celsius = (int16_t)(answer.ptr[0] << 8 | answer.ptr[1]) / 256.0;
    thermometer_list_u8_free(&answer);
    return complete;
}

bool exports_petiole_schedule_handler_run(thermometer_string_t *error)
{
    thermometer_string_t label, name, unit;
    thermometer_string_set(&label, "i2c-env");
    thermometer_string_set(&name, "temperature");
    thermometer_string_set(&unit, "Cel");

    petiole_i2c_buses_own_i2c_t bus;
    petiole_i2c_buses_open_error_t open_error;
    if (!petiole_i2c_buses_open(&label, &bus, &open_error))
        return fail(error, "the bus i2c-env does not open");
    double celsius;
    bool answered = read_celsius(bus, &celsius);
    wasi_i2c_i2c_i2c_drop_own(bus);
    if (!answered)
        return fail(error, "the sensor at 0x48 does not answer");

    petiole_telemetry_telemetry_error_t telemetry_error;
    if (!petiole_telemetry_telemetry_send_number(&name, &unit, celsius, &telemetry_error))
        return fail(error, "telemetry was refused");
    return true;
}
