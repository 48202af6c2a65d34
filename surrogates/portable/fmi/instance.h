/* What both versions of FMI share: an instance holds the parameters, and computes the outputs when they are asked for.
   `model.h` is generated: sizes, start values, and where the values of each variable stand. */
#ifndef INSTANCE_H
#define INSTANCE_H

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"

#if defined _WIN32
#define EXPORT __declspec(dllexport)
#else
#define EXPORT __attribute__((visibility("default")))
#endif

typedef struct {
    double parameters[MODEL_PARAMETERS];
    double outputs[MODEL_OUTPUTS];
    double time;
    int current;
    MODEL_WORK work;
} Instance;

static void start(Instance *instance)
{
    memcpy(instance->parameters, model_start, sizeof model_start);
    instance->time = 0.0;
    instance->current = 0;
}

static Instance *instantiate(const char *token)
{
    Instance *instance = token != NULL && strcmp(token, MODEL_TOKEN) == 0 ? malloc(sizeof(Instance)) : NULL;
    if (instance != NULL) start(instance);
    return instance;
}

/* The values of a variable, and how many; NULL for an unknown reference. Parameters come first, then
   outputs, then the time. */
static const double *variable(Instance *instance, unsigned int reference, size_t *size)
{
    if (reference < MODEL_PARAMETERS) {
        *size = 1;
        return instance->parameters + reference;
    }
    reference -= MODEL_PARAMETERS;
    if (reference == MODEL_VARIABLES) {
        *size = 1;
        return &instance->time;
    }
    if (reference > MODEL_VARIABLES) return NULL;
    if (!instance->current) {
        MODEL_EVALUATE(instance->parameters, instance->outputs, &instance->work);
        instance->current = 1;
    }
    *size = model_size[reference];
    return instance->outputs + model_first[reference];
}

/* Whether all references were known and there was room for their values. */
static int get_numbers(void *component, const unsigned int *references, size_t count, double *values, size_t room)
{
    size_t i, size, filled = 0;
    for (i = 0; i < count; ++i) {
        const double *from = variable(component, references[i], &size);
        if (from == NULL || filled + size > room) return 0;
        memcpy(values + filled, from, size * sizeof(double));
        filled += size;
    }
    return 1;
}

static int set_numbers(void *component, const unsigned int *references, size_t count, const double *values)
{
    Instance *instance = component;
    size_t i;
    for (i = 0; i < count; ++i) {
        if (references[i] >= MODEL_PARAMETERS) return 0;
        instance->parameters[references[i]] = values[i];
    }
    instance->current = 0;
    return 1;
}

static int set_time(void *component, double time)
{
    ((Instance *)component)->time = time;
    return 0;
}

/* The one yes or no among the outputs is the first, `inside`. */
static int is_inside(Instance *instance, unsigned int reference, int *inside)
{
    size_t size;
    const double *value = reference == MODEL_PARAMETERS ? variable(instance, reference, &size) : NULL;
    if (value != NULL) *inside = value[0] > 0.5;
    return value != NULL;
}

#endif
