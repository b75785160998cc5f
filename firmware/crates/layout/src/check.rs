//! Whether a description's numbers fit together.

use crate::Board;
use crate::render::REGIONS;

/// What must hold of a board's memories; the error names the key and what to do.
pub(crate) fn consistent(board: &Board) -> Result<(), String> {
    let flash = &board.flash;
    if !flash.erase.is_power_of_two() || !flash.write.is_power_of_two() || flash.write > flash.erase
    {
        return Err(
            "flash.erase and flash.write must be powers of two, write at most erase".into(),
        );
    }
    if board.memory.heap >= board.memory.ram {
        return Err(format!(
            "memory.heap ({}) must leave room for stack and static data in memory.ram ({})",
            board.memory.heap, board.memory.ram
        ));
    }
    for name in REGIONS {
        if !flash.regions.contains_key(name) {
            return Err(format!(
                "flash.regions has no `{name}`; it needs {}",
                REGIONS.join(", ")
            ));
        }
    }
    let mut regions: Vec<_> = flash
        .regions
        .iter()
        .map(|(name, &(offset, size))| (offset, size, name))
        .collect();
    regions.sort_unstable();
    let mut free = 0;
    for (offset, size, name) in regions {
        if !REGIONS.contains(&name.as_str()) {
            return Err(format!(
                "flash.regions.{name} is unknown; known are {}",
                REGIONS.join(", ")
            ));
        }
        if offset % flash.erase != 0 || size % flash.erase != 0 || size == 0 {
            return Err(format!(
                "flash.regions.{name} must be whole erase blocks of {} bytes",
                flash.erase
            ));
        }
        if offset < free {
            return Err(format!(
                "flash.regions.{name} overlaps the region before it, which ends at {free:#x}"
            ));
        }
        free = offset
            .checked_add(size)
            .ok_or_else(|| format!("flash.regions.{name} ends beyond 4 GiB"))?;
    }
    if free > flash.size {
        return Err(format!(
            "flash.regions end at {free:#x}, beyond flash.size ({:#x})",
            flash.size
        ));
    }
    let slots = board
        .workloads
        .slot
        .checked_mul(2)
        .and_then(|pair| pair.checked_mul(board.workloads.count));
    let room = flash.regions["workloads"].1;
    if !board.workloads.slot.is_multiple_of(flash.erase)
        || slots.is_none_or(|needed| needed > room)
        || slots == Some(0)
    {
        return Err(format!(
            "workloads: {} times two slots of {} bytes, whole erase blocks, do not fit into flash.regions.workloads ({room} bytes)",
            board.workloads.count, board.workloads.slot
        ));
    }
    Ok(())
}
