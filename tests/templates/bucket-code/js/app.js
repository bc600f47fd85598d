exports.hear = async (event) => {
  console.log("received", event);
  return event;
};
