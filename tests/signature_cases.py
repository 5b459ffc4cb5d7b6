# ruff: noqa: E501  (a case is one line of a table)
"""Cases from engineering literature: what each metric does under one cause, on one kind of machine.

Each line is ``kind | cause | metrics``. Metrics are in the order in which they move; a sign says what each does: + rises, - falls,
= steady, ! stuck, * steps up, ~ changes (a mode), and for switches ^ on for longer than usual, _ off for longer than usual. The cases follow
the text that the signature cites (its ``source``), including the metrics that a usual installation watches without any change.
"""

from __future__ import annotations

PUMPS = """
pump | bearing_wear | vibration+ temperature@bearing+ current+ flow= pressure= temperature@motor=
pump | bearing_wear | acceleration+ temperature@bearing+ flow= pressure@suction= pressure@discharge= power=
pump | lubrication_loss | temperature@bearing+ current+ vibration= flow= pressure=
pump | cavitation | pressure@suction- vibration+ flow- pressure@discharge- current- temperature@bearing=
pump | cavitation | pressure- flow- vibration+ current- temperature@bearing=
pump | suction_restricted | pressure@suction- flow- pressure@discharge- current- vibration=
pump | suction_restricted | pressure@suction- speed+ flow= pressure@discharge=
pump | clogged_strainer | differential_pressure@filter+ flow- pressure@suction- current-
pump | closed_discharge | flow- pressure@discharge+ current- pressure@suction= vibration=
pump | pump_throttled | flow- current- vibration= temperature= speed=
pump | impeller_wear | flow- pressure@discharge- current- vibration= pressure@suction= speed=
pump | internal_leak | flow- pressure@discharge- current+ vibration= pressure@suction= speed=
pump | internal_leak | speed+ power+ flow= pressure@discharge= vibration=
pump | suction_restricted | pressure@suction- speed+ power+ temperature@winding+ flow= pressure@discharge=
pump | air_in_line | flow- vibration+ current- pressure@suction= temperature@bearing= pressure@discharge-
pump | dry_running | pressure@suction- flow- pressure@discharge- current- temperature@seal+
pump | imbalance | vibration+ flow= pressure= current= temperature@bearing=
pump | misalignment | vibration@axial+ vibration@drive_end+ current+ temperature@bearing= flow= pressure=
pump | imbalance | vibration@drive_end+ vibration@non_drive_end+ vibration@axial= current= temperature@bearing= flow=
pump | seal_leak | leak^ pressure@seal- flow= pressure=
pump | demand_rose | flow+ pressure- current+ speed= vibration=
pump | speed_reduced | speed- flow- pressure- power- vibration=
pump | speed_raised | speed+ flow+ pressure+ power+ vibration=
pump | warm_liquid | temperature@inlet+ temperature@outlet+ flow= vibration= current= pressure=
pump | sensor_drift | voltage- power= current=
"""
MOTORS = """
motor | motor_overheating | temperature@winding+ current+ vibration= temperature@bearing=
motor | mechanical_overload | current+ temperature@winding+ speed= voltage= vibration=
motor | undervoltage | voltage- current+ temperature@winding+ speed-
motor | phase_loss | current@phase_1- current@phase_2+ current@phase_3+ vibration+ temperature@winding+
motor | stalled | speed- current+ temperature@winding+ voltage=
motor | insulation_failing | resistance- temperature@winding+ current= voltage=
fan | belt_slip | speed@fan- flow- current- speed@motor= temperature@bearing=
air_handler | belt_slip | flow- differential_pressure- current- speed=
fan | fan_wheel_fouled | vibration+ flow- current- speed= temperature@bearing=
fan | speed_reduced | speed- flow- power- differential_pressure-
fan | fan_failure | speed- flow- current- differential_pressure- speed:command=
fan | inlet_blocked | pressure@suction- flow- current- speed= vibration=
fan | duct_leak | flow+ pressure@duct- current+ speed=
conveyor | belt_slipping | speed@belt- temperature@pulley+ current- speed@motor=
conveyor | material_load | weight+ current+ temperature@motor+ speed=
conveyor | material_less | weight- current- speed= temperature@gearbox=
conveyor | gear_wear | vibration@gearbox+ temperature@gearbox+ current= speed=
conveyor | gear_oil_low | level@oil- temperature@gearbox+ current= vibration= speed=
conveyor | roller_seized | temperature@bearing+ current+ speed= weight= voltage=
conveyor | belt_broken | current- force- speed+ weight-
pump | started | running^ speed+ current+ flow+ pressure+
air_handler | stopped | running_ current- flow- differential_pressure- temperature@supply+
"""
AIR = """
air_handler | blocked_filter | differential_pressure@filter+ speed+ power+ flow- temperature@supply=
air_handler | filter_missing | differential_pressure@filter- flow+ speed= temperature@supply=
fan | filter_missing | particulates+ differential_pressure= flow= speed=
fan | blocked_filter | differential_pressure@filter+ position@damper+ pressure@duct- speed=
air_handler | cooling_valve_stuck | temperature@supply+ temperature@return+ flow= speed= differential_pressure=
air_handler | cooling_valve_open | temperature@supply- temperature@return- flow= speed= position@heating=
air_handler | heating_valve_leak | temperature@supply+ position@cooling+ position@heating= temperature@mixed_air= flow=
air_handler | heating_valve_stuck | temperature@supply- position@heating+ temperature@room- flow= position@cooling=
air_handler | damper_stuck | position@damper+ temperature@mixed_air= co2+ temperature@supply=
air_handler | fouled_cooling_coil | differential_pressure@coil+ temperature@supply+ position@cooling+ flow-
air_handler | heat_load_rose | occupancy^ co2+ temperature@return+ position@cooling+ temperature@supply= flow=
air_handler | thermostat_high | temperature@supply:setpoint* temperature@supply+ flow= differential_pressure=
air_handler | mode_changed | mode~ flow- current- temperature@supply=
room | people_present | occupancy^ co2+ temperature+ humidity+
room | people_present | co2+ temperature+ humidity=
room | ventilation_failure | flow- co2+ humidity+ temperature+
room | window_open | contact^ temperature- co2- humidity-
room | airing | co2- temperature- humidity-
room | shower_or_cooking | humidity+ temperature+ co2= power=
room | heating_failure | temperature@heating- temperature- co2= contact=
room | water_leak | leak^ humidity= temperature=
room | cooling_failure | power- temperature+ humidity+ temperature@outdoor=
greenhouse | vent_stuck | temperature+ humidity+ co2+ position@vent= soil_moisture=
greenhouse | vent_stuck_open | temperature- humidity- co2- position@vent= soil_moisture=
greenhouse | irrigation_failure | soil_moisture- humidity- temperature= co2=
greenhouse | co2_valve_stuck_open | co2+ temperature= humidity= position@vent= soil_moisture=
greenhouse | hot_dry_weather | radiation+ temperature+ humidity- position@vent+ soil_moisture=
greenhouse | misting_stuck | humidity+ temperature- co2= soil_moisture= radiation=
greenhouse | overwatering | flow+ soil_moisture+ temperature= co2=
"""
COLD = """
cold_room | door_left_open | contact^ temperature+ humidity+ current@compressor=
cold_room | refrigerant_leak | current@compressor- temperature+ humidity+ contact=
cold_room | compressor_failure | current@compressor_ temperature+ humidity+ contact=
cold_room | condenser_fouling | pressure@condenser+ current@compressor+ temperature+ contact=
cold_room | condenser_fouling | current@compressor+ temperature+ contact= humidity=
cold_room | evaporator_icing | current@compressor^ temperature+ contact= humidity= temperature@evaporator-
cold_room | stuck_defrost | power@heating^ temperature@evaporator+ temperature+ current@compressor_ contact=
cold_room | warm_goods | temperature@product+ temperature+ current@compressor^ humidity=
chiller | condenser_fouled | temperature_difference@condenser+ pressure@condenser+ power+ temperature@condenser+inlet= flow@condenser= pressure@evaporator=
chiller | condenser_flow_low | flow@condenser- temperature@condenser+outlet+ pressure@condenser+ power+ pressure@evaporator=
chiller | condenser_water_warm | temperature@condenser+inlet+ pressure@condenser+ power+ flow@condenser= temperature_difference@condenser=
chiller | low_charge | pressure@evaporator- superheat+ subcooling- temperature@discharge+ pressure@condenser- flow@evaporator=
chiller | overcharge | subcooling+ pressure@condenser+ power+ superheat- pressure@evaporator+ temperature@discharge=
chiller | non_condensables | pressure@condenser+ temperature@discharge+ subcooling+ power+ superheat= pressure@evaporator=
chiller | expansion_valve_closed | superheat+ pressure@evaporator- subcooling+ temperature@discharge+ power-
chiller | expansion_valve_open | superheat- pressure@evaporator+ subcooling- temperature@discharge- power=
chiller | evaporator_flow_low | flow@evaporator- pressure@evaporator- temperature@outlet- power-
chiller | evaporator_fouled | temperature_difference@evaporator+ pressure@evaporator- temperature@supply+ flow@evaporator= superheat= subcooling=
chiller | compressor_valve_leak | pressure@suction+ pressure@discharge- temperature@discharge+ power- superheat=
chiller | cooling_demand | temperature@return+ power+ temperature@supply+ flow@evaporator=
cooling_tower | tower_fan_failure | current@fan- temperature@outlet+ vibration- temperature@wet_bulb= flow=
cooling_tower | fill_fouled | temperature_difference+ temperature@outlet+ speed@fan+ temperature@wet_bulb= flow=
cooling_tower | nozzles_blocked | pressure+ flow- temperature@outlet+ temperature@wet_bulb=
cooling_tower | makeup_failure | flow@makeup- level- conductivity+ temperature@outlet=
cooling_tower | basin_leak | flow@makeup+ conductivity- level- temperature@outlet=
cooling_tower | blowdown_open | conductivity- flow@makeup+ level= temperature@outlet=
cooling_tower | blowdown_failed | conductivity+ level= temperature@outlet= flow@makeup-
cooling_tower | tower_weather | temperature@wet_bulb+ temperature@outlet+ speed@fan+ flow=
cooling_tower | imbalance | vibration+ current= temperature@outlet= flow= temperature@bearing=
heat_pump | source_flow_low | flow@brine- temperature@brine- temperature@supply- power-
heat_pump | low_charge | superheat+ pressure@evaporator- subcooling- temperature@supply- power- temperature@brine=
heat_pump | heating_flow_low | flow- temperature@supply+ temperature@return- temperature@brine=
heat_pump | backup_heater | power@heating^ temperature@supply+ temperature@brine=
heat_pump | cold_weather | temperature@outdoor- power+ temperature@supply+ flow=
heat_pump | thermostat_high | temperature@supply:setpoint* temperature@supply+ power+ flow=
boiler | heating_pump_stopped | power@pump- temperature@supply- temperature@return- temperature@flue=
boiler | burner_lockout | temperature@flue- temperature@supply- temperature@return- pressure=
boiler | boiler_scale | temperature@flue+ efficiency- temperature@supply= temperature@return=
boiler | pressure_loss | pressure- temperature@supply= flow=
boiler | low_water | flow@makeup- level- temperature@flue= pressure=
boiler | heating_flow_low | flow- temperature@supply+ temperature@return- pressure=
compressor | air_leak | flow+ pressure- load+ current+ temperature@oil= temperature@inlet=
compressor | intake_blocked | differential_pressure@filter+ flow- pressure- temperature@discharge+
compressor | separator_clogged | differential_pressure@separator+ current+ temperature@oil+ pressure= flow=
compressor | cooler_fouled | temperature@oil+ temperature@discharge+ pressure= current= level@oil= temperature@inlet=
compressor | oil_low | level@oil- temperature@oil+ pressure= vibration= flow=
compressor | ambient_hot | temperature@inlet+ temperature@oil+ temperature@discharge+ pressure= current=
compressor | unloader_failed | flow- current- pressure- speed= temperature@oil=
compressor | airend_worn | flow- temperature@discharge+ pressure- vibration+ current= pressure@inlet=
compressor | dryer_failed | dew_point+ pressure= temperature@oil= flow=
compressor | oil_filter_clogged | differential_pressure@oil+filter+ temperature@oil+ level@oil= pressure= current=
"""
TANKS = """
tank | leak | level- flow@inlet+ position@valve+ pressure@bottom- flow@outlet=
tank | valve_stuck_open | position@valve! flow@inlet+ level+ flow@outlet= pressure+
tank | blocked_outlet | flow@outlet- level+ flow@inlet- pressure+ position@valve-
tank | demand_above_supply | flow@outlet+ level- flow@inlet+ pressure-
tank | supply_loss | flow@inlet- level- position@valve+ flow@outlet=
tank | inlet_valve_closed_stuck | flow@inlet- level- position@valve! flow@outlet= pressure-
tank | sensor_drift | level+ pressure@bottom= flow@inlet= flow@outlet= position@valve=
tank | outlet_pump_failed | current@pump_ flow@outlet- level+
tank | vent_blocked | pressure@headspace- flow@outlet- level=
tank | battery_low | state_of_charge- level=
"""
POWER = """
ups | brown_out | voltage@input- current+ temperature+ running@mains= load=
ups | mains_failure | running@mains_ voltage@input- state_of_charge- current@input-
ups | battery_degradation | temperature+ state_of_charge- running@mains= voltage= load=
ups | overload | load+ current+ temperature+ running@mains=
ups | surge | voltage@input+ current- running@mains= load=
ups | sensor_drift | voltage- current= load= temperature= running@mains=
battery | cell_failure | voltage@battery- temperature@battery+ resistance+ current= load=
battery | charger_failure | current@battery- voltage@battery- state_of_charge- load= temperature=
battery | overcharge_battery | voltage@battery+ temperature@battery+ current@battery+ load=
battery | battery_discharge | power+ state_of_charge- voltage-
inverter | pv_string_lost | current@dc- power- radiation= voltage@dc= temperature@heatsink=
inverter | clouds | radiation- power- current@dc- temperature@solar- voltage@dc=
inverter | inverter_trip | power- voltage@dc+ radiation= temperature@heatsink-
inverter | inverter_derating | temperature@heatsink+ power- voltage@dc+ radiation= voltage@mains=
inverter | grid_voltage_high | voltage@mains+ power- radiation= temperature@heatsink=
plug | load_switched_on | power+ current+ voltage=
plug | load_switched_on | power+ current+ voltage- temperature+
plug | load_switched_off | power- current- voltage=
plug | load_runs_longer | power^ current^ voltage=
plug | plug_voltage_low | voltage- power= current=
plug | plug_hot | temperature+ power= current= voltage=
weather | weather_front | pressure- wind_speed+ wind_direction+ rain+ temperature- humidity+
vehicle | engine_overheating | level@coolant- temperature@coolant+ temperature@oil+ speed= load=
vehicle | oil_pressure_low | pressure@oil- temperature@oil+ speed= temperature@coolant=
vehicle | alternator_failure | voltage- state_of_charge- speed= temperature@coolant=
vehicle | tyre_puncture | pressure@tire- temperature@tire= velocity=
vehicle | refuelled | level+ velocity= voltage=
vehicle | harder_work | load+ speed+ temperature@coolant+ temperature@oil+
"""
CASES = [
    tuple(part.strip() for part in line.split("|"))
    for text in (PUMPS, MOTORS, AIR, COLD, TANKS, POWER)
    for line in text.strip().splitlines()
]
UNKNOWN = """
pump | flow+ temperature@motor- pressure@suction+
pump | vibration- current+ pressure+ temperature@bearing-
air_handler | temperature@supply+ flow+ differential_pressure- speed+ co2+ humidity-
cold_room | temperature- humidity- current@compressor= contact=
chiller | temperature@discharge- power+ pressure@evaporator= flow@condenser+ superheat=
cooling_tower | temperature@outlet- ph+ conductivity= level=
compressor | temperature@oil= humidity= pressure+ flow+ current-
tank | temperature- level= flow@inlet= pressure=
ups | frequency- voltage= load= temperature=
conveyor | temperature@motor- vibration- current=
heat_pump | flow+ temperature@brine+ power-
boiler | pressure= temperature@return+ temperature@flue= temperature@supply=
greenhouse | illuminance= co2= temperature= humidity- soil_moisture+
room | temperature= humidity= illuminance+
plug | frequency- voltage= power= current=
vehicle | humidity+ temperature= speed=
motor | frequency+ vibration= temperature@winding= current=
fan | temperature@bearing- vibration= flow= current=
battery | temperature- voltage= current= state_of_charge=
inverter | frequency+ power= voltage= radiation=
"""
"""Movements that none of the signatures describes. No cause may be named for them, or only as a weak match."""
