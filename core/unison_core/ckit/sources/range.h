// The numbers of arange and linspace.
//
// In f32 by pairs of numbers, each the rounding error of what it stands beside: a position may need more digits than f32
// has, and its product with the step too.

// start + i * step, where start_low and step_low are what the two lost when they were rounded.
FN f32 position(f32 start, f32 start_low, f32 step, f32 step_low, i64 i) {
    f32 place = (f32)i, place_low = (f32)(i - (i64)place);
    f32 way = place * step, way_low = fma(place, step, -way) + (place * step_low + place_low * step);
    f32 sum = start + way, shadow = sum - start;
    f32 lost = (start - (sum - shadow)) + (way - shadow);
    return sum + (lost + (way_low + start_low));
}
