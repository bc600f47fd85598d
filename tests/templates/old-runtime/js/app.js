exports.hear = async (event) => {
  console.log("heard", event);
  return event;
};
